import { HOUR_SECONDS } from "../../model/time/units";
import type { Database } from "../core/databases";
import { groupsOf } from "../core/groups-of";
import type { DeclaredSeries } from "./declared-series";
import { ALL_APPLICATIONS, type PropertyWidth, readPropertyCounts, writeAddedUp } from "./property-store";
import { addCounts, fitsInRow, noValues, PARTS_OF_HOUR, readValueCounts, writeValueCounts } from "./value-counts";

/** Rows that are held at a time: see property-store.ts. */
const ROWS_AT_ONCE = 96;

/** Properties that several applications have, each with the dimension keys of their type. */
export type SharedProperties = ReadonlyMap<number, readonly number[]>;

export function sharedProperties(declared: readonly DeclaredSeries[]): SharedProperties {
  const keys = new Map<number, number[]>();
  for (const { series, properties } of declared) {
    for (const { property_id: property } of properties) {
      const own = keys.get(property) ?? [];
      keys.set(property, own);
      own.push(series);
    }
  }
  return new Map([...keys].filter(([, own]) => own.length > 1));
}

/**
 * Adds up the counts of values of some properties over all applications: a question that does not tell these apart then
 * reads one row for each hour or day. If they have too many values for a row, the row stays empty.
 *
 * @param bucket its start in seconds since 1970
 * @returns the number of rows written
 */
export async function addUpApplications(
  database: Database,
  shared: SharedProperties,
  seconds: PropertyWidth,
  bucket: number,
): Promise<number> {
  let written = 0;
  for (const some of groupsOfProperties(shared)) {
    const sums = new Map(some.map(([property]) => [property, { counts: nothing(seconds), counted: 0 }]));
    const wanted = some.flatMap(([property, keys]) => keys.map((series) => ({ property, series, bucket })));
    for (const rows of groupsOf(wanted, ROWS_AT_ONCE)) {
      for (const { property, counted, held } of await readPropertyCounts(database, seconds, rows, true)) {
        const sum = sums.get(property);
        // What was erased from an hour stays in its counts until they are computed again.
        if (sum === undefined || counted === 0) continue;
        sum.counted += counted;
        if (fitsInRow(sum.counts)) addCounts(sum.counts, readValueCounts(held));
      }
    }
    const added = some.flatMap(([property, keys]) => {
      const { counts, counted } = sums.get(property) ?? { counts: nothing(seconds), counted: 0 };
      const held = fitsInRow(counts) ? writeValueCounts(counts) : "";
      return counted === 0 ? [] : [{ property, bucket, counted, held, keys }];
    });
    written += await writeAddedUp(database, seconds, added);
  }
  return written;
}

function nothing(seconds: PropertyWidth) {
  return noValues(seconds === HOUR_SECONDS ? PARTS_OF_HOUR : 1);
}

/** Groups whose rows are read in one call, if a single property has no more. */
function groupsOfProperties(shared: SharedProperties): [property: number, keys: readonly number[]][][] {
  const groups: [number, readonly number[]][][] = [];
  let room = 0;
  for (const one of shared) {
    const size = one[1].length;
    const last = groups.at(-1);
    if (last === undefined || size > room) groups.push([one]);
    else last.push(one);
    room = (last === undefined || size > room ? ROWS_AT_ONCE : room) - size;
  }
  return groups;
}

/** The properties whose counts of all applications are not the sum of theirs in an hour. */
export function propertiesToAddUp(
  shared: SharedProperties,
  countedIn: (property: number, series: number) => number,
): number[] {
  return [...shared].flatMap(([property, keys]) => {
    const sum = keys.reduce((total, series) => total + countedIn(property, series), 0);
    return sum === countedIn(property, ALL_APPLICATIONS) ? [] : [property];
  });
}
