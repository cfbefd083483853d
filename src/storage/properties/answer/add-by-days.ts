import type { Micros } from "../../../model/time/time";
import { DAY_SECONDS, HOUR_SECONDS } from "../../../model/time/units";
import type { Database } from "../../core/databases";
import type { ValueAdding } from "./add-values";
import { type CountedRow, wholeRows } from "./counted-rows";
import { readBuckets } from "./read-buckets";
import { type DayPlan, type Piece, planDays } from "./roll-up-plan";

/** Rows whose values are held at a time, about 50 KB each at most. */
const ROWS_AT_ONCE = 288;

interface PlannedBucket {
  /** Its place in the answer. */
  place: number;
  plan: DayPlan;
}

/** The rows of stored buckets; null if they cannot be added and subtracted. */
type FoundRows = ReadonlyMap<number, ReturnType<typeof wholeRows>>;

/**
 * Adds buckets of an answer as days of UTC, and the hours by which they differ from these: a day of another time zone is a few
 * rows in place of 24. Buckets with hours that are not counted, or that have more values than a row holds, are left.
 *
 * @returns the places of the buckets that were added
 * @throws DrizzleQueryError
 */
export async function addByDays(
  database: Database,
  bounds: readonly Micros[],
  rows: readonly CountedRow[],
  values: ValueAdding,
): Promise<Set<number>> {
  const now = Date.now() * 1_000;
  const planned = bounds.slice(1).flatMap((end, place): PlannedBucket[] => {
    const plan = planDays({ start: bounds[place] ?? 0, end });
    // A day that is not over is not counted as a day.
    return plan === null || plan.days.some((day) => day.end > now) ? [] : [{ place, plan }];
  });
  const added = new Set<number>();
  for (const some of groupsOfPlans(planned, rows.length)) {
    const days = some.flatMap(({ plan }) => plan.days);
    const hours = some.flatMap(({ plan }) => [...plan.more, ...plan.less]);
    const [ofDays, ofHours] = await Promise.all([
      readRows(database, DAY_SECONDS, days, rows),
      readRows(database, HOUR_SECONDS, hours, rows),
    ]);
    for (const { place, plan } of some) {
      const isFound =
        plan.days.every(({ bucket }) => ofDays.get(bucket) != null) &&
        [...plan.more, ...plan.less].every(({ bucket }) => ofHours.get(bucket) != null);
      if (!isFound) continue;
      const add = (pieces: readonly Piece[], found: FoundRows, sign: 1 | -1) => {
        for (const piece of pieces) {
          for (const { of, counts } of found.get(piece.bucket) ?? []) {
            values.add(of, { ...piece, start: bounds[place] ?? 0 }, counts, sign);
          }
        }
      };
      add(plan.days, ofDays, 1);
      add(plan.more, ofHours, 1);
      add(plan.less, ofHours, -1);
      added.add(place);
    }
  }
  return added;
}

async function readRows(
  database: Database,
  seconds: typeof HOUR_SECONDS | typeof DAY_SECONDS,
  pieces: readonly Piece[],
  rows: readonly CountedRow[],
): Promise<FoundRows> {
  const buckets = [...new Set(pieces.map(({ bucket }) => bucket))];
  const found = new Map<number, ReturnType<typeof wholeRows>>();
  await readBuckets(database, seconds, { buckets, rows }, (bucket, known) => {
    const own = wholeRows(rows, bucket, known);
    const isCut = own?.some(({ counts }) => counts.restValues > 0 || counts.rest.some((events) => events > 0)) ?? true;
    found.set(bucket, isCut ? null : own);
  });
  return found;
}

/** Groups whose rows may be held at the same time. */
function groupsOfPlans(planned: readonly PlannedBucket[], rows: number): PlannedBucket[][] {
  const groups: PlannedBucket[][] = [];
  let room = 0;
  for (const one of planned) {
    const { days, more, less } = one.plan;
    const size = rows * (days.length + more.length + less.length);
    const last = groups.at(-1);
    if (last === undefined || size > room) {
      groups.push([one]);
      room = ROWS_AT_ONCE;
    } else last.push(one);
    room -= size;
  }
  return groups;
}
