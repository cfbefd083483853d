import type { Micros } from "../../../model/time/time";
import { DAY_SECONDS, HOUR_SECONDS } from "../../../model/time/units";
import { type Database, firstDatabase } from "../../core/databases";
import { groupsOf } from "../../core/groups-of";
import { WINDOW_SECONDS } from "../../partitions/partition";
import type { PartitionMap } from "../../partitions/partition-map";
import { planPieces } from "../../properties/answer/roll-up-plan";
import { ALL_APPLICATIONS } from "../count-windows";
import { readSessionRows, type SessionRow, type SessionRowQuery, type SessionWidth } from "../session-count-store";
import { adjacentSpans, bucketTotals, windowTotals } from "../window-totals";

/** The most rows whose details are read at once: each has up to 100 KB. */
const DETAILS_AT_ONCE = 100;

export interface RolledQuestion {
  /** The starts of the buckets and the end of the last one, ascending. */
  bounds: readonly Micros[];
  /** Only its events count; ALL_APPLICATIONS for all. */
  application: string;
  /** Whether single durations and visitors are wanted. */
  hasDetails: boolean;
}

export interface CoveringRows {
  rows: SessionRow[];
  /** Those of the rows whose wanted details are not among these yet, because there are many: each query reads some. */
  unread: SessionRowQuery[];
  /** Events and changes that came after the rows were written. */
  late: number;
  /** Windows that have events and no row, by their starts in seconds since 1970. */
  uncounted: number[];
}

/**
 * The widest stored rows that cover a range: days, hours of days that are not summed yet, and windows of hours that are not
 * summed yet or that the range contains in part.
 *
 * @throws DrizzleQueryError
 */
export async function coveringRows(
  databases: readonly Database[],
  map: PartitionMap,
  { bounds, application, hasDetails }: RolledQuestion,
): Promise<CoveringRows> {
  const plan = planPieces(bounds);
  const levelOf = (seconds: SessionWidth, buckets: readonly number[]) =>
    readLevel(databases, map, { application, seconds, buckets, hasDetails });

  const days = plan.days.map(({ bucket }) => bucket);
  const byDay = await levelOf(DAY_SECONDS, days);

  const wholeHours = plan.hours.flatMap(({ bucket, parts }) => (parts === null ? [bucket] : []));
  wholeHours.push(...partsOf(unsummed(byDay, days), DAY_SECONDS, HOUR_SECONDS));
  /** The windows of hours that the range contains in part. */
  const quarters = Map.groupBy(
    plan.hours.filter(({ parts }) => parts !== null),
    ({ bucket }) => bucket,
  );
  const hours = [...wholeHours, ...quarters.keys()];
  const byHour = await levelOf(HOUR_SECONDS, hours);

  const windowsIn = (some: readonly number[]) =>
    some.flatMap((hour) => (quarters.get(hour) ?? []).map(({ start }) => start / 1_000_000));
  // Windows of a summed hour that have no row have no events either.
  const summed = windowsIn([...byHour.rows.keys()]);
  const others = [
    ...partsOf(unsummed(byHour, wholeHours), HOUR_SECONDS, WINDOW_SECONDS),
    ...windowsIn(unsummed(byHour, [...quarters.keys()])),
  ];
  const byWindow = await levelOf(WINDOW_SECONDS, [...summed, ...others]);
  const totals = await totalsOf(databases, map, application, rowsOf(byWindow, others));

  return {
    rows: [...rowsOf(byDay, days), ...rowsOf(byHour, wholeHours), ...rowsOf(byWindow, [...summed, ...others])],
    unread: [...unreadIn(byDay, days), ...unreadIn(byHour, wholeHours), ...unreadIn(byWindow, [...summed, ...others])],
    late: lateIn(byDay, days) + lateIn(byHour, hours) + lateIn({ ...byWindow, totals }, others),
    uncounted: [
      ...plan.edges.map(({ start }) => start / 1_000_000),
      ...others.filter((window) => !byWindow.rows.has(window)),
    ],
  };
}

/** Rows of one width, and what the counts of events say about them. */
interface Level {
  /** The question for the details of these rows, if they are wanted and not read. */
  unread: Omit<SessionRowQuery, "spans"> | null;
  rows: Map<number, SessionRow>;
  /** Not of windows. */
  totals: Map<number, number>;
  /** Sessions that have changed in an earlier window since. */
  changed: Map<number, number>;
}

async function readLevel(
  databases: readonly Database[],
  map: PartitionMap,
  {
    application,
    seconds,
    buckets,
    hasDetails,
  }: { seconds: SessionWidth; buckets: readonly number[] } & Pick<RolledQuestion, "application" | "hasDetails">,
): Promise<Level> {
  if (buckets.length === 0) return { unread: null, rows: new Map(), totals: new Map(), changed: new Map() };
  const readsDetails = hasDetails && buckets.length <= DETAILS_AT_ONCE;
  const spans = adjacentSpans(buckets, seconds);
  // Only the rows of all applications together have the changes.
  const isAll = application === ALL_APPLICATIONS;
  const all = { application: ALL_APPLICATIONS, seconds, spans, withHeld: false };
  const [[own = [], everyone = own], totals] = await Promise.all([
    readSessionRows(firstDatabase(databases), [
      { application, seconds, spans, withHeld: true, withDetails: readsDetails },
      ...(isAll ? [] : [all]),
    ]),
    seconds === WINDOW_SECONDS
      ? new Map<number, number>()
      : bucketTotals(databases, map, { application, seconds, spans }),
  ]);
  const unread = { application, seconds, withHeld: false, withDetails: true };
  return {
    unread: hasDetails && !readsDetails ? unread : null,
    rows: new Map(own.map((row) => [row.bucket, row])),
    totals,
    changed: new Map(everyone.map((row) => [row.bucket, row.late])),
  };
}

function rowsOf({ rows }: Level, buckets: readonly number[]): SessionRow[] {
  return buckets.flatMap((bucket) => rows.get(bucket) ?? []);
}

function unreadIn(level: Level, buckets: readonly number[]): SessionRowQuery[] {
  const { unread } = level;
  if (unread === null) return [];
  const found = rowsOf(level, buckets).map(({ bucket }) => bucket);
  return groupsOf(found, DETAILS_AT_ONCE).map((some) => ({ ...unread, spans: adjacentSpans(some, unread.seconds) }));
}

/** The buckets that have events and no row. */
function unsummed({ rows, totals }: Level, buckets: readonly number[]): number[] {
  return buckets.filter((bucket) => !rows.has(bucket) && (totals.get(bucket) ?? 0) > 0);
}

function lateIn(level: Level, buckets: readonly number[]): number {
  return rowsOf(level, buckets).reduce((sum, { bucket, counted }) => {
    const events = Math.max(0, (level.totals.get(bucket) ?? 0) - counted);
    return sum + events + (level.changed.get(bucket) ?? 0);
  }, 0);
}

/** The events of windows that have rows: mostly those of the current hour. */
async function totalsOf(
  databases: readonly Database[],
  map: PartitionMap,
  application: string,
  rows: readonly SessionRow[],
): Promise<Map<number, number>> {
  const totals = new Map<number, number>();
  const buckets = rows.map(({ bucket }) => bucket);
  for (const [first, last] of adjacentSpans(buckets, WINDOW_SECONDS)) {
    const found = await windowTotals(databases, map, [first, last + WINDOW_SECONDS]);
    for (const [window, events] of found.get(application) ?? []) totals.set(window, events);
  }
  return totals;
}

/** The starts of the equal parts of some buckets. */
function partsOf(buckets: readonly number[], seconds: number, part: number): number[] {
  return buckets.flatMap((bucket) => Array.from({ length: seconds / part }, (_, n) => bucket + n * part));
}
