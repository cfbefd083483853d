/**
 * An issue's path as it is counted: array indexes become `*`, so `/data/items/0/price` and `/data/items/7/price` count
 * as one.
 */
export function countedPath(path: string): string {
  return path.replace(/\/\d+(?=\/|$)/g, "/*");
}
