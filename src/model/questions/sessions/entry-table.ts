/**
 * Two numbers that count for some ranges of windows only: for those that start after `after` and not after `at`. They
 * belong to the bucket that contains `at`.
 */
export type Entry = readonly [at: number, after: number, x: number, y: number];

export interface Entries {
  /** The entries are complete for ranges that start at this window or later. */
  since: number;
  entries(): Entry[];
}

/** Entries by their places, with equal places added up. */
export class EntryTable implements Entries {
  private readonly byPlace = new Map<string, Entry>();

  constructor(
    entries: Iterable<Entry> = [],
    public since = 0,
  ) {
    for (const entry of entries) this.add(entry);
  }

  add([at, after, x, y]: Entry): void {
    const place = `${at} ${after}`;
    const [, , heldX, heldY] = this.byPlace.get(place) ?? [at, after, 0, 0];
    this.byPlace.set(place, [at, after, heldX + x, heldY + y]);
  }

  entries(): Entry[] {
    return [...this.byPlace.values()].filter(([, , x, y]) => x !== 0 || y !== 0);
  }

  /** Notes that entries are missing for ranges that start before a window. */
  lackBefore(window: number): void {
    this.since = Math.max(this.since, window);
  }

  /**
   * Adds the entries of a window to those of the hour or day that begins with the window `first`. A range contains
   * the hour or day as a whole, so entries for ranges that begin inside never count.
   */
  addWithin(own: Entries, first: number): void {
    this.lackBefore(own.since);
    for (const [at, after, x, y] of own.entries()) {
      if (after < first) this.add([Math.min(at, first), after, x, y]);
    }
  }

  /** The same entries, or if they are too many, only those for ranges that begin later. */
  limited(most: number): EntryTable {
    const entries = this.entries();
    if (entries.length <= most) return new EntryTable(entries, this.since);
    const windows = [...new Set(entries.map(([at]) => at))].sort((a, b) => a - b);
    let [low, high] = [0, windows.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (from(windows[middle] ?? 0, entries).length <= most) high = middle;
      else low = middle + 1;
    }
    const first = windows[low] ?? 0;
    return new EntryTable(from(first, entries), Math.max(first, this.since));
  }
}

/** The entries that count for ranges that start at a window or later. */
function from(window: number, entries: readonly Entry[]): Entry[] {
  const left = entries.filter(([at]) => at >= window);
  return new EntryTable(left.map(([at, after, x, y]): Entry => [at, Math.max(after, window - 1), x, y])).entries();
}
