/**
 * Puts items into as few bins as first-fit finds, in their order: each into the first bin that takes it. No two bins
 * could be one, since the later one's first item did not fit into the earlier.
 *
 * @param tryPut adds the item to the bin and tells true, or leaves the bin as it is.
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
