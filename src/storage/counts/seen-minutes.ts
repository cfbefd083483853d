import { type SQL, sql } from "drizzle-orm";
import { SERIES_PER_PAGE } from "../../model/limits";
import { HOUR_SECONDS } from "../../model/time/units";
import { groupsOf } from "../core/groups-of";
import { readBatch } from "../core/reader";
import { unionAll } from "../core/union-all";
import { mainLane } from "../partitions/partition";
import type { CountSource } from "./count-tables";

/** A dimension key with the first and the last hour in which it has events, by their starts in seconds since 1970. */
export interface SeenHours {
  seriesId: number;
  first: number;
  last: number;
}

/** One UNION ALL has at most five terms, and each partition needs two. */
const PARTITIONS_PER_STATEMENT = 2;

/** A dimension key to find in the minutes of an hour: [place of its type, series_id, hour]. */
type Wanted = [place: number, seriesId: number, hour: number];

/**
 * When each type was first and last seen: the minute if its partition still has minutes, otherwise the hour. For
 * each dimension key that was the first or the last of its type, it reads the rows of one hour up to the matching
 * one.
 *
 * @param types the dimension keys of each type
 * @returns for each type the starts of minutes or hours, in seconds since 1970; null for one without dimension keys
 * @throws DrizzleQueryError
 */
export async function refineHours(
  source: CountSource,
  types: readonly SeenHours[][],
): Promise<({ first: number; last: number } | null)[]> {
  const hours = types.map((series) =>
    series.length === 0
      ? null
      : { first: Math.min(...series.map(({ first }) => first)), last: Math.max(...series.map(({ last }) => last)) },
  );
  const wantedOf = (end: "first" | "last"): Wanted[] =>
    types.flatMap((series, place) =>
      series.flatMap((one): Wanted[] => (one[end] === hours[place]?.[end] ? [[place, one.seriesId, one[end]]] : [])),
    );
  const terms = termsOf(source, wantedOf("first"), wantedOf("last"));
  const statements = groupsOf(terms, PARTITIONS_PER_STATEMENT).map(unionAll);
  const found = (
    await readBatch<{ place: number; first: number | null; last: number | null }>(source.database, statements)
  ).flat();
  const byPlace = Map.groupBy(found, ({ place }) => Number(place));
  return hours.map((own, place) => {
    if (own === null) return null;
    const minutes = byPlace.get(place) ?? [];
    const firsts = minutes.flatMap(({ first }) => first ?? []);
    const lasts = minutes.flatMap(({ last }) => last ?? []);
    return {
      first: firsts.length === 0 ? own.first : Math.min(...firsts),
      last: lasts.length === 0 ? own.last : Math.max(...lasts),
    };
  });
}

/** Two terms for each partition with minutes of these hours, each selecting (place, first, last). */
function termsOf({ database, map }: CountSource, first: Wanted[], last: Wanted[]): SQL[] {
  const partitions = map.partitions.filter(({ databases }) => databases.includes(database.index));
  return partitions.flatMap((partition) => {
    const main = mainLane(partition, database);
    if (main === null) return [];
    const isWithin = ([, , hour]: Wanted) =>
      hour * 1_000_000 < partition.to && (hour + HOUR_SECONDS) * 1_000_000 > partition.from;
    const table = sql.identifier(`minutes_${main.suffix}`);
    const own = { first: first.filter(isWithin), last: last.filter(isWithin) };
    if (own.first.length === 0 && own.last.length === 0) return [];
    return [
      sql`SELECT wanted.value ->> 0 AS place, ${extremeMinuteOf(table, sql`ASC`)} AS first, NULL AS last
          FROM json_each(${JSON.stringify(own.first)}) AS wanted
        UNION ALL
        SELECT wanted.value ->> 0, NULL, ${extremeMinuteOf(table, sql`DESC`)} FROM json_each(${JSON.stringify(own.last)}) AS wanted`,
    ];
  });
}

/**
 * The first or the last minute of the hour that has the dimension key. Searching for the key as text is faster than
 * parsing.
 */
function extremeMinuteOf(table: SQL | ReturnType<typeof sql.identifier>, direction: SQL): SQL {
  return sql`(
    SELECT held.minute FROM ${table} AS held
    WHERE held.page = (wanted.value ->> 1) / ${sql.raw(String(SERIES_PER_PAGE))}
      AND held.minute BETWEEN wanted.value ->> 2 AND (wanted.value ->> 2) + ${sql.raw(String(HOUR_SECONDS - 60))}
      AND instr(held.by_series, '"' || (wanted.value ->> 1) || '":') > 0
    ORDER BY held.minute ${direction} LIMIT 1
  )`;
}
