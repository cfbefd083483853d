/** A sequence of rows in ascending order, in batches. */
export type RowSource<Row> = AsyncIterator<Row[]>;

/**
 * Merges sources into one ascending sequence, in batches. Rows that a source has read ahead of the others are kept
 * for later, so every row is read once.
 */
export async function* mergeSources<Row>(
  sources: readonly RowSource<Row>[],
  compare: (a: Row, b: Row) => number,
): AsyncGenerator<Row[]> {
  const held = new Map<RowSource<Row>, Row[]>(sources.map((source) => [source, []]));
  try {
    for (;;) {
      await refill(held);
      const parts = [...held.values()];
      if (parts.length === 0) return;
      if (parts.length === 1) {
        yield parts[0] ?? [];
        for (const source of held.keys()) held.set(source, []);
        continue;
      }
      const horizon = parts.flatMap((rows) => rows.at(-1) ?? []).reduce((a, b) => (compare(a, b) <= 0 ? a : b));
      const ready: Row[] = [];
      for (const [source, rows] of held) {
        const end = placeBehind(rows, horizon, compare);
        for (const row of rows.slice(0, end)) ready.push(row);
        held.set(source, rows.slice(end));
      }
      yield ready.sort(compare);
    }
  } finally {
    await Promise.all(sources.map((source) => source.return?.()));
  }
}

/** Reads from all sources that have no rows left, concurrently. Sources at their end are removed. */
async function refill<Row>(held: Map<RowSource<Row>, Row[]>): Promise<void> {
  await Promise.all(
    [...held].map(async ([source, rows]) => {
      if (rows.length > 0) return;
      const { done, value } = await source.next();
      if (done === true) held.delete(source);
      else held.set(source, value);
    }),
  );
}

/** The number of rows that are not after the horizon. */
function placeBehind<Row>(rows: readonly Row[], horizon: Row, compare: (a: Row, b: Row) => number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row !== undefined && compare(row, horizon) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
