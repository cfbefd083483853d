/**
 * The dimension keys that this isolate knows to be stored in a database, so that a write need not add them: four of its
 * eleven statements.
 *
 * They are never deleted, but a restored database may lack some. A write says which keys it takes for stored, and fails as
 * a whole if one is not: `isSeriesMissing`. Then everything is forgotten, and the write is repeated.
 */
export type StoredSeries = Pick<Set<string>, "has">;

/** The column of the only rows that a write returns: dimension keys, as JSON text. */
export const STORED_SERIES_COLUMN = "stored_series";

/** About 100 bytes each. */
const MAX_KNOWN = 10_000;

const known = new WeakMap<D1Database, Set<string>>();

export function storedSeries(binding: D1Database): StoredSeries {
  return known.get(binding) ?? new Set();
}

type Answer = Pick<D1Result<Record<string, unknown>>, "results">;

/** Notes the dimension keys in the answers of a write that was committed. */
export function noteStoredSeries(binding: D1Database, answers: readonly Answer[]): void {
  for (const { [STORED_SERIES_COLUMN]: series } of answers.flatMap(({ results }) => results)) {
    if (typeof series !== "string") continue;
    const own = known.get(binding) ?? new Set();
    if (own.size >= MAX_KNOWN) own.clear();
    known.set(binding, own.add(series));
  }
}

/** Forgets a database's dimension keys. */
export function forgetStoredSeries(binding: D1Database): void {
  known.delete(binding);
}

/** True if a write failed because a dimension key that it took for stored is not. */
export function isSeriesMissing(message: string): boolean {
  return /NOT NULL constraint failed: events_\w+\.series_id/.test(message);
}
