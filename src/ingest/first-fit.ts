/**
 * First-fit bin packing: puts each item, in order, into the first bin that accepts it. No two bins could be merged,
 * since the later one's first item did not fit into the earlier.
 *
 * @param tryPut adds the item to the bin and returns true, or returns false and leaves the bin unchanged
 */
export function firstFit<Item, Bin>(
  items: Iterable<Item>,
  open: (item: Item) => Bin,
  tryPut: (bin: Bin, item: Item) => boolean,
): Bin[] {
  const bins: Bin[] = [];
  for (const item of items) {
    if (!bins.some((bin) => tryPut(bin, item))) bins.push(open(item));
  }
  return bins;
}
