/** Compares texts by their UTF-16 units, as `<` does: for an order that is the same everywhere and means nothing. */
export function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
