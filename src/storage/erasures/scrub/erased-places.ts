import type { Database } from "../../core/databases";

/** The beginning of a primary key: of an event its slot and sample key, of an error its receipt, of a part 8 characters. */
export type Place = readonly (number | string)[];

/** The places of a table that are still to be scrubbed. */
export interface ErasedPlaces {
  /** The table's name when the rows were erased. It may have another one since, or be gone. */
  table: string;
  places: Place[];
}

/** Places that are read at a time. */
const PLACES_PER_READ = 1_000;

/**
 * A statement that records places, for the transaction that erases their rows.
 *
 * @param table its name in this transaction
 */
export function recordPlaces(binding: D1Database, table: string, places: readonly Place[]): D1PreparedStatement {
  return binding
    .prepare(
      "INSERT INTO erased_places (table_name, place) SELECT ?1, value FROM json_each(?2) WHERE true ON CONFLICT DO NOTHING",
    )
    .bind(table, JSON.stringify([...new Set(places.map((place) => JSON.stringify(place)))]));
}

/** The next places to scrub in a database, all of one table; null if there are none. @throws what D1 throws */
export async function nextPlaces({ binding }: Database): Promise<ErasedPlaces | null> {
  const { results } = await binding
    .prepare(
      `SELECT table_name AS "table", place FROM erased_places
       WHERE table_name = (SELECT min(table_name) FROM erased_places) LIMIT ${PLACES_PER_READ}`,
    )
    .all<{ table: string; place: string }>();
  const [first] = results;
  if (first === undefined) return null;
  const places = results.map(({ place }): Place => JSON.parse(place));
  return { table: first.table, places: places.sort(comparePlaces) };
}

/** A statement that removes places that are scrubbed; all of the table's, if none are given. */
export function removePlaces(binding: D1Database, table: string, places?: readonly Place[]): D1PreparedStatement {
  const statement = "DELETE FROM erased_places WHERE table_name = ?1";
  if (places === undefined) return binding.prepare(statement).bind(table);
  const texts = JSON.stringify(places.map((place) => JSON.stringify(place)));
  return binding.prepare(`${statement} AND place IN (SELECT value FROM json_each(?2))`).bind(table, texts);
}

/** Compares as the primary key does. Ids of errors are ASCII. */
export function comparePlaces(a: Place, b: Place): number {
  for (const [n, one] of a.entries()) {
    const other = b[n];
    if (other === undefined || one === other) continue;
    return one < other ? -1 : 1;
  }
  return 0;
}
