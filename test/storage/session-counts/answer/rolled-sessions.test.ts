import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { EntryTable } from "../../../../src/model/questions/sessions/entry-table";
import { writeSessionCounts } from "../../../../src/model/questions/sessions/session-counts";
import { DAY_SECONDS, HOUR_SECONDS } from "../../../../src/model/time/units";
import { databasesOf, firstDatabase } from "../../../../src/storage/core/databases";
import { withPartitions } from "../../../../src/storage/partitions/known-partitions";
import { hasWholeWindows, rolledSessions } from "../../../../src/storage/session-counts/answer/rolled-sessions";
import {
  replaceSessionRows,
  type SessionRow,
  type SessionWidth,
} from "../../../../src/storage/session-counts/session-count-store";
import { emptyDatabases } from "../../empty-databases";
import { DAY, eventRow, HOUR, MORNING, QUARTER, SECOND, store } from "../../seed";
import { sessionRow } from "../session-rows";

const databases = databasesOf(env);
const TODAY = MORNING - 9 * HOUR;
const bucketOf = (moment: number) => moment / SECOND;

/** The numbers of sessions in the rows of each width are made up, so that an answer shows which rows it used. */
const OF_DAY = 1_000;
const OF_HOUR = 100;
const OF_WINDOW = 10;

async function write(seconds: SessionWidth, rows: readonly SessionRow[], buckets: readonly number[] = []) {
  const all = [...buckets, ...rows.map(({ bucket }) => bucket)];
  await replaceSessionRows(firstDatabase(databases), { seconds, buckets: all, rows });
}

const dayRow = (more: Partial<SessionRow> = {}) => sessionRow(bucketOf(TODAY), { counted: 2, ...more }, OF_DAY);
const hourRow = (more: Partial<SessionRow> = {}) => sessionRow(bucketOf(MORNING), { counted: 2, ...more }, OF_HOUR);
const windowRow = (n: number, more: Partial<SessionRow> = {}) =>
  sessionRow(bucketOf(MORNING + n * QUARTER), { counted: 1, ...more }, OF_WINDOW);

/** A session in each of the first two windows of the morning. */
beforeEach(async () => {
  await emptyDatabases(databases);
  await store(databases, {
    events: [eventRow({ session: "a" }), eventRow({ session: "b", occurredAt: MORNING + QUARTER })],
  });
  await write(DAY_SECONDS, [dayRow()]);
  await write(HOUR_SECONDS, [hourRow()]);
  await write(900, [windowRow(0), windowRow(1)]);
});

const ask = (bounds: readonly number[], application = "") =>
  withPartitions(databases, (map) => rolledSessions(databases, map, { bounds, application, hasDetails: false }));

async function sessionsIn(...bounds: number[]): Promise<number[] | undefined> {
  return (await ask(bounds))?.buckets.map(({ sessions }) => sessions);
}

describe("rolledSessions", () => {
  it("uses the widest rows that the range contains", async () => {
    expect(await sessionsIn(TODAY, TODAY + DAY)).toEqual([OF_DAY]);
    expect(await sessionsIn(MORNING - HOUR, MORNING + HOUR)).toEqual([OF_HOUR]);
    expect(await sessionsIn(MORNING, MORNING + QUARTER)).toEqual([OF_WINDOW]);
    expect(await sessionsIn(MORNING - QUARTER, MORNING + 2 * QUARTER)).toEqual([2 * OF_WINDOW]);
  });

  it("divides them among the buckets of the question", async () => {
    expect(await sessionsIn(TODAY - DAY, TODAY, TODAY + DAY, TODAY + 2 * DAY)).toEqual([0, OF_DAY, 0]);
    expect(await sessionsIn(MORNING, MORNING + QUARTER, MORNING + HOUR)).toEqual([OF_WINDOW, OF_WINDOW]);
  });

  it("computes the end of a range that ends within a window from its events", async () => {
    expect(await sessionsIn(MORNING, MORNING + QUARTER + SECOND)).toEqual([OF_WINDOW + 1]);
    expect(await sessionsIn(MORNING, MORNING + 2 * QUARTER - SECOND)).toEqual([OF_WINDOW + 1]);
  });

  it("reports from when on earlier events are known, if that is after the start of the range", async () => {
    await write(HOUR_SECONDS, [hourRow({ hotSince: bucketOf(MORNING) })]);
    expect(await ask([MORNING - HOUR, MORNING + HOUR])).toMatchObject({ hotSince: MORNING });
    expect(await ask([MORNING, MORNING + HOUR])).toMatchObject({ hotSince: null });
  });

  it.each<[string, number, number, unknown]>([
    ["has no answer if sessions are not known for the start of the range", 1, 0, null],
    ["has no sums if events are not known for the start of the range", 0, 1, { hasSums: false }],
    ["has both if they are known from the start of the range on", 0, 0, { hasSums: true }],
  ])("%s", async (_, starts, sums, expected) => {
    const window = MORNING / QUARTER;
    const tables = { starts: new EntryTable([], window + starts), sums: new EntryTable([], window + sums) };
    await write(HOUR_SECONDS, [hourRow({ held: writeSessionCounts(tables) })]);
    const found = await ask([MORNING, MORNING + HOUR]);
    expect(found === null ? null : { hasSums: found.hasSums }).toEqual(expected);
  });
});

describe("details of many rows", () => {
  const HOURS = 1_010;
  /** Hours of days that are not summed. */
  const startOf = (hour: number) => TODAY + DAY + hour * HOUR;
  const rowOf = (hour: number, more: Partial<SessionRow> = {}) => sessionRow(bucketOf(startOf(hour)), more, hour + 1);
  const askHours = (hours: number, hasDetails = true) => {
    const bounds = Array.from({ length: hours + 1 }, (_, hour) => startOf(hour));
    return withPartitions(databases, (map) =>
      rolledSessions(databases, map, { ...{ bounds, hasDetails }, application: "" }),
    );
  };

  beforeEach(() =>
    write(
      HOUR_SECONDS,
      Array.from({ length: HOURS }, (_, hour) => rowOf(hour)),
    ),
  );

  it.each([90, 100, 101, 250])("are read in groups and belong to their buckets: %i rows", async (hours) => {
    const found = await askHours(hours);
    expect(found?.durations?.map((bins) => [...bins])).toEqual(
      Array.from({ length: hours }, (_, hour) => [["0", hour + 1]]),
    );
    const hashes = Array.from({ length: hours }, (_, hour) => new Set([bucketOf(startOf(hour))]));
    expect(found?.visitors).toEqual({ buckets: hashes, share: 1 });
  });

  it("are left out if they are not wanted, or of more rows than are read", async () => {
    const none = { durations: null, visitors: null };
    expect(await askHours(250, false)).toMatchObject(none);
    expect((await askHours(1_000))?.durations).toHaveLength(1_000);
    const found = await askHours(1_001);
    expect(found).toMatchObject(none);
    expect(found?.buckets[1_000]?.sessions).toBe(1_001);
  });

  it("are not known if one of the rows has none", async () => {
    await write(HOUR_SECONDS, [rowOf(70, { durations: null }), rowOf(71, { visitors: null })]);
    expect(await askHours(70)).toMatchObject({ visitors: { share: 1 } });
    expect((await askHours(70))?.durations).not.toBeNull();
    const found = await askHours(250);
    expect(found).toMatchObject({ durations: null, visitors: null });
    expect(found?.buckets[249]?.sessions).toBe(250);
  });
});

describe("hasWholeWindows", () => {
  it.each([
    [[MORNING, MORNING + QUARTER], true],
    [[MORNING, MORNING + HOUR, MORNING + HOUR + 1], true],
    [[MORNING + 1, MORNING + HOUR], false],
    [[MORNING, MORNING + HOUR + 1, MORNING + 2 * HOUR], false],
  ])("is true if only the last bound is within a window: %j", (bounds, expected) => {
    expect(hasWholeWindows(bounds)).toBe(expected);
  });
});
