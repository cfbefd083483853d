/**
 * An issue's path as it is counted: places in arrays become `*`, so that `/data/items/0/price` and `/data/items/7/price`
 * are one place.
 */
export function countedPath(path: string): string {
  return path.replace(/\/\d+(?=\/|$)/g, "/*");
}
