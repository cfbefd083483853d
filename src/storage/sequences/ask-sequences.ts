import { type EventPattern, keyOf } from "../../model/questions/event-pattern";
import type { NumbersState } from "../../model/questions/numbers/numbers-tally";
import { patternsOf, periodsOf, type SequenceQuestion } from "../../model/questions/question";
import {
  asNumbers,
  pathsToRead,
  readsVisitors,
  type SequenceState,
  type SequenceTally,
  withTally,
} from "../../model/questions/sequences/sequence-tally";
import type { Micros } from "../../model/time/time";
import { type Database, metered } from "../core/databases";
import type { SeriesFilter } from "../counts/series";
import { wantedSeries } from "../events/wanted-series";
import { withPartitions } from "../partitions/known-partitions";
import type { PartitionMap } from "../partitions/partition-map";
import { SAMPLE_KEYS } from "../partitions/sample-key";
import { type ExpectedEvents, expectedEvents } from "./expected-events";
import { EVENTS_PER_STEP, MAX_EVENTS_AT_ONCE, MAX_ROWS_AT_ONCE, MAX_ROWS_PER_JOB, MAX_ROWS_PER_STEP } from "./limits";
import { rangesOf, readSlice, type SliceEvent, type SliceReading } from "./read-slice";
import { Sequences } from "./sequences";
import type { WantedEvents } from "./slice-filter";
import { type Slice, WHOLE } from "./slice-statement";

/** How a query will be answered. */
export type ReadingPlan =
  /** At once, from the sessions (or visitors) of a slice. */
  | { kind: "now"; slice: Slice }
  /** As a job with several steps, each with its own slice. */
  | { kind: "job"; steps: number }
  /** Not at all: the range starts with archived events, up to this time. */
  | { kind: "archived"; until: Micros }
  /** Not at all: the range has too many events. */
  | { kind: "too_many"; events: number };

/** The result of a query, and its cost. */
export interface Tallied {
  state: SequenceState;
  rowsRead: number;
}

/** A query would read more rows than allowed. Its partial result is unusable. */
export class TooManyRows extends Error {}

/**
 * Decides how a query is answered, from the counts of its range.
 *
 * - Up to MAX_EVENTS_AT_ONCE events: at once and exactly.
 * - Otherwise, per session and unless an exact answer is requested: from a sample of about as many events, if that
 *   reads at most MAX_ROWS_AT_ONCE.
 * - Otherwise as a job.
 *
 * @throws DrizzleQueryError
 */
export function planReading(
  databases: readonly Database[],
  question: SequenceQuestion,
  isExact: boolean,
): Promise<ReadingPlan> {
  return withPartitions(databases, async (map) => {
    const { per } = question;
    const periods = periodsOf(question);
    const archived = periods
      .flatMap(({ from, to }) => map.overlapping(from, to))
      .filter(({ state }) => state === "archived" || state === "dropped");
    if (archived.length > 0) return { kind: "archived", until: Math.max(...archived.map(({ to }) => to)) };
    const counted = await Promise.all(
      periods.map(async ({ from, to }) => ({ from, to, expected: await expectedOf(databases, { from, to }) })),
    );
    const events = sum(
      counted.flatMap(({ from, to, expected }) =>
        [...expected.values()].map((within) => within({ low: from, high: to })),
      ),
    );
    const rowsOfSlice = (slice: Slice) =>
      sum(
        counted.flatMap((period) =>
          [...period.expected.keys()].map((database) => rowsOf(map, database, { ...period, slice })),
        ),
      );
    if (events <= MAX_EVENTS_AT_ONCE) return { kind: "now", slice: WHOLE };
    if (per === "session" && !isExact) {
      const keys = Math.max(1, 2 ** Math.floor(Math.log2((SAMPLE_KEYS * MAX_EVENTS_AT_ONCE) / events)));
      const slice = { low: 0, high: keys };
      if (rowsOfSlice(slice) <= MAX_ROWS_AT_ONCE) return { kind: "now", slice };
    }
    const steps = Math.min(SAMPLE_KEYS, Math.ceil(events / EVENTS_PER_STEP));
    const rows = rowsOfSlice({ low: 0, high: per === "session" ? Math.ceil(SAMPLE_KEYS / steps) : SAMPLE_KEYS });
    if (rows > MAX_ROWS_PER_STEP || rows * steps > MAX_ROWS_PER_JOB) return { kind: "too_many", events };
    return { kind: "job", steps };
  });
}

/** The slice of one step of a job. */
export function sliceOfStep(step: number, steps: number): Slice {
  return { low: Math.floor((step * SAMPLE_KEYS) / steps), high: Math.floor(((step + 1) * SAMPLE_KEYS) / steps) };
}

/**
 * Reads the events of a slice and counts its sessions (or visitors).
 *
 * @param options.found for a further pass over the same events: see `nextPass`
 * @throws TooManyRows, DrizzleQueryError
 */
export function tallySlice(
  databases: readonly Database[],
  question: SequenceQuestion,
  slice: Slice,
  { maxRows, found = null }: { maxRows: number; found?: NumbersState | null },
): Promise<Tallied> {
  return withPartitions(databases, async (map) => {
    const { databases: own, meter } = metered(databases);
    const check = () => {
      if (meter.rowsRead > maxRows) throw new TooManyRows(`more than ${maxRows} rows`);
    };
    const [asked = question, compared] = periodsOf(question);
    const state = await tallyPeriod(own, map, asked, { slice, check, found });
    if (compared === undefined) return { state, rowsRead: meter.rowsRead };
    const before = await tallyPeriod(own, map, compared, { slice, check, found: found?.before ?? null });
    return { state: { ...asNumbers(state), before: asNumbers(before) }, rowsRead: meter.rowsRead };
  });
}

async function tallyPeriod(
  databases: readonly Database[],
  map: PartitionMap,
  question: SequenceQuestion,
  { slice, check, found }: { slice: Slice; check: () => void; found: NumbersState | null },
): Promise<SequenceState> {
  const [expected, wanted] = await Promise.all([expectedOf(databases, question), wantedOf(databases, question)]);
  const reading: Omit<SliceReading, "slice"> = {
    ...{ from: question.from, to: question.to, paths: pathsToRead(question), expected, wanted },
    ...{ withVisitor: readsVisitors(question), check },
  };
  return withTally(question, (tally) => tallyWith(tally, map, question, slice, reading), found);
}

async function tallyWith<Item>(
  tally: SequenceTally<Item>,
  map: PartitionMap,
  { per, applications }: SequenceQuestion,
  slice: Slice,
  reading: Omit<SliceReading, "slice">,
): Promise<SequenceState> {
  const sequences = new Sequences<Item>(per, slice);
  const itemOf = (event: SliceEvent) =>
    applications === null || applications.includes(event.source.application) ? tally.itemOf(event) : null;
  // A visitor's sessions have different sample keys, so all sessions are read, and visitors are selected by their
  // own keys.
  await readSlice(map, { ...reading, slice: per === "session" ? slice : WHOLE }, (event) =>
    sequences.add(event, itemOf),
  );
  for (const items of sequences.inOrder()) tally.add(items);
  return tally.state;
}

async function expectedOf(
  databases: readonly Database[],
  { from, to }: Pick<SequenceQuestion, "from" | "to">,
): Promise<Map<Database, ExpectedEvents>> {
  return new Map(
    await Promise.all(
      databases.map(async (database) => [database, await expectedEvents(database, { low: from, high: to })] as const),
    ),
  );
}

/** The events that the query's patterns may match, by database. Null for all. */
async function wantedOf(
  databases: readonly Database[],
  question: SequenceQuestion,
): Promise<Map<Database, readonly WantedEvents[] | null>> {
  const patterns = patternsOf(question);
  const found = await Promise.all(
    databases.map(async (database) => {
      const wanted = await Promise.all(
        patterns.map(async (pattern) => {
          const { isEverything, ids } = await wantedSeries(database, filterOf(pattern, question));
          return { series: isEverything ? null : ids, data: comparedAsSent(pattern, question) };
        }),
      );
      const own = wanted.filter(({ series }) => series === null || series.length > 0);
      const isAll = own.some(({ series, data }) => series === null && data.length === 0);
      return [database, isAll ? null : own] as const;
    }),
  );
  return new Map(found.filter(([, wanted]) => wanted === null || wanted.length > 0));
}

/** The conditions on values that are compared as they were sent, not under a template. */
function comparedAsSent({ data }: EventPattern, question: SequenceQuestion): EventPattern["data"] {
  if (question.kind !== "stats" && question.kind !== "session_stats") return data;
  const templated = new Set(question.templates.map(({ path }) => path));
  return data.filter(({ path }) => !templated.has(keyOf(path)));
}

/** The dimension keys that a pattern may match, among those that the caller may read. */
function filterOf({ category, name, application }: EventPattern, { applications }: SequenceQuestion): SeriesFilter {
  if (application === null) return { category, name, applications };
  const isThere = applications === null || applications.includes(application);
  return { category, name, applications: isThere ? [application] : [] };
}

/** The rows that reading a slice of a database costs. */
function rowsOf(
  map: PartitionMap,
  database: Database,
  reading: Pick<SliceReading, "from" | "to" | "slice" | "expected">,
): number {
  return sum(rangesOf(map, database, reading).map(({ rows }) => rows));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}
