/**
 * A pseudo-random number in [0, 1) from three integers: the same everywhere, so that any place of a history can be generated
 * without the previous ones.
 */
export function chance(seed: number, place: number, use: number): number {
  return word(seed, place, use) / 2 ** 32;
}

/** 32 pseudo-random bits. */
export function word(seed: number, place: number, use: number): number {
  let mixed = Math.imul(seed ^ Math.imul(use + 1, 0x85ebca6b), 0x9e3779b1) ^ Math.imul(place + 1, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** A UUID (version 4) for a place. */
export function uuid(seed: number, place: number): string {
  let hex = "";
  for (let use = 0; use < 4; use++) hex += word(seed, place, use).toString(16).padStart(8, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** Chooses by weight: the first one whose cumulative share exceeds `at`. */
export function weighted<Item>(items: readonly { item: Item; weight: number }[]): (at: number) => Item {
  const total = items.reduce((sum, { weight }) => sum + weight, 0);
  let sum = 0;
  const edges = items.map(({ item, weight }) => {
    sum += weight;
    return { item, edge: sum / total };
  });
  const last = edges.at(-1);
  if (last === undefined) throw new Error("there is nothing to choose from");
  return (at) => (edges.find(({ edge }) => at < edge) ?? last).item;
}
