import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { durationBin } from "../../../src/model/questions/sessions/duration-table";
import { visitorHash } from "../../../src/model/questions/sessions/visitor-table";
import { bucketStarts } from "../../../src/model/time/calendar";
import { TimeZone } from "../../../src/model/time/time-zone";
import { databasesOf, firstDatabase, metered } from "../../../src/storage/core/databases";
import { packId } from "../../../src/storage/core/packed-id";
import { eraseSessionEvents } from "../../../src/storage/erasures/erase-session";
import { withPartitions } from "../../../src/storage/partitions/known-partitions";
import { databaseOf, lateSuffix } from "../../../src/storage/partitions/partition";
import { PartitionMap } from "../../../src/storage/partitions/partition-map";
import { createLateLane } from "../../../src/storage/partitions/partition-tables";
import { type RolledSessions, rolledSessions } from "../../../src/storage/session-counts/answer/rolled-sessions";
import { rollUpSessions } from "../../../src/storage/session-counts/roll-up-sessions";
import type { EventRow } from "../../../src/storage/write/rows";
import { writeBatch } from "../../../src/storage/write/write-batch";
import { emptyDatabases } from "../empty-databases";
import { DAY, eventRow, HOUR, MINUTE, MORNING, QUARTER, SECOND, store } from "../seed";
import { naiveDetails, naiveSessions } from "./naive-sessions";

const databases = databasesOf(env);
const START = Math.floor(MORNING / DAY) * DAY;
const DAYS = 4;
/** The third day is not closed, and its windows are closed up to here. */
const NOW = START + 3 * DAY + 10 * HOUR + 35 * MINUTE;
/** Hours of UTC with events, some of them around the midnights of the zones. */
const HOURS = [0, 3, 4, 9, 10, 13, 18, 22, 23];
const ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"];

const anyRow = fc.record({
  session: fc
    .nat({ max: 60 })
    .map((n) => (n % 3 === 0 ? `00000000-0000-4000-8000-${String(n).padStart(12, "0")}` : `s${n}`)),
  application: fc.constantFrom("shop", "shop", "blog"),
  name: fc.constantFrom("pageview", "submit"),
  visitor: fc.constantFrom(null, "v1", "v2", "v3", "00000000-0000-4000-8000-000000000004"),
  occurredAt: fc
    .tuple(
      ...([fc.nat({ max: DAYS - 1 }), fc.constantFrom(...HOURS), fc.nat({ max: 3 })] as const),
      fc.constantFrom(0, 0, 1, 7 * MINUTE, QUARTER - 1),
    )
    .map(([day, hour, quarter, more]) => START + day * DAY + hour * HOUR + quarter * QUARTER + more)
    .filter((moment) => moment < NOW),
});

const rowsOf = (seed: number, numRuns: number): EventRow[] =>
  fc.sample(anyRow, { numRuns, seed }).map((row) => eventRow(row));

const anyQuestion = fc.record({
  from: fc.nat({ max: DAYS * 96 - 2 }),
  length: fc.integer({ min: 1, max: DAYS * 96 }),
  ragged: fc.constantFrom(0, 0, 3 * MINUTE + 7),
  interval: fc.constantFrom("hour" as const, "day" as const, "day" as const, "none" as const),
  zone: fc.constantFrom(...ZONES),
  application: fc.constantFrom("", "", "shop", "blog"),
});

type Question = typeof anyQuestion extends fc.Arbitrary<infer Asked> ? Asked : never;

function boundsOf({ from, length, ragged, interval, zone: name }: Question): number[] {
  const zone = TimeZone.find(name) ?? TimeZone.UTC;
  const start = START + from * QUARTER;
  const end = start + length * QUARTER + ragged;
  return [start, ...(interval === "none" ? [] : bucketStarts({ start, end }, interval, zone, 1_000).slice(1)), end];
}

async function ask(bounds: readonly number[], application = "") {
  const { databases: own, meter } = metered(databases);
  const found = await withPartitions(own, (map) => rolledSessions(own, map, { bounds, application, hasDetails: true }));
  if (found === null) throw new Error("no answer");
  return { ...found, rowsRead: meter.rowsRead };
}

function binsOf(durations: readonly number[]): Map<string, number> {
  return new Map([...Map.groupBy(durations, durationBin)].map(([bin, own]) => [bin, own.length]));
}

const shown = (bins: ReadonlyMap<string, number>) => [...bins].filter(([, count]) => count !== 0).sort();

function expectDetails({ buckets, durations, visitors }: RolledSessions, expected: ReturnType<typeof naiveDetails>) {
  expect(buckets).toEqual(expected.map((own) => own.counts));
  expect(durations?.map(shown)).toEqual(expected.map((own) => shown(binsOf(own.durations))));
  expect(visitors?.share).toBe(1);
  const hashes = expected.map((own) => new Set([...own.visitors].map((visitor) => visitorHash(packId(visitor)))));
  expect(visitors?.buckets).toEqual(hashes);
}

/** Runs until nothing is left to count. */
async function rollUpAll(mostMs?: number): Promise<number> {
  for (let runs = 1; ; runs++) if ((await rollUpSessions(databases, NOW, mostMs)).windows === 0) return runs;
}

let rows: EventRow[] = [];

async function compare(numRuns: number) {
  await fc.assert(
    fc.asyncProperty(anyQuestion, async (question) => {
      const bounds = boundsOf(question);
      const found = await ask(bounds, question.application);
      expect(found).toMatchObject({ hasSums: true, late: 0 });
      expectDetails(found, naiveDetails(rows, bounds, question.application));
    }),
    { numRuns },
  );
}

beforeAll(async () => {
  await emptyDatabases(databases);
  rows = rowsOf(1, 900);
  await store(databases, { events: rows }, 2 * DAY);
});

describe("rollUpSessions", () => {
  it("is not needed for an answer: windows that are not counted are computed from their events", async () => {
    await compare(12);
  });

  it("counts all closed windows, in runs that end at their deadline", async () => {
    expect(await rollUpAll(0)).toBeGreaterThan(10);
    await compare(40);
    const { results } = await firstDatabase(databases)
      .binding.prepare("SELECT seconds, count(*) AS held FROM session_counts WHERE application = '' GROUP BY seconds")
      .all();
    expect(results).toContainEqual({ seconds: 86_400, held: 3 });
  }, 120_000);

  it("changes nothing when it runs again", async () => {
    const all = () => firstDatabase(databases).binding.prepare("SELECT * FROM session_counts").all();
    const before = await all();
    expect(await rollUpSessions(databases, NOW)).toEqual({ windows: 0, rows: 0 });
    expect((await all()).results).toEqual(before.results);
  });

  it("sums an hour and a day again whose rows are missing", async () => {
    const sums = async () => {
      const { results } = await firstDatabase(databases)
        .binding.prepare("SELECT * FROM session_counts WHERE seconds > 900 ORDER BY application, seconds, bucket")
        .all();
      return results;
    };
    const before = await sums();
    await firstDatabase(databases).binding.exec("DELETE FROM session_counts WHERE seconds > 900");
    for (let runs = 0; runs < 20 && (await sums()).length < before.length; runs++) await rollUpSessions(databases, NOW);
    expect(await sums()).toEqual(before);
  });

  it("counts windows again that were counted before their details were, and until then knows no details", async () => {
    const first = firstDatabase(databases).binding;
    const all = () => first.prepare("SELECT * FROM session_counts ORDER BY application, seconds, bucket").all();
    const before = await all();
    await first.exec("UPDATE session_counts SET durations = NULL, visitors = NULL");
    const bounds = [START, START + DAY, START + 2 * DAY];
    const { durations, visitors, buckets, late } = await ask(bounds);
    expect({ durations, visitors, late }).toEqual({ durations: null, visitors: null, late: 0 });
    expect(buckets).toEqual(naiveSessions(rows, bounds, ""));
    await rollUpAll();
    expect((await all()).results).toEqual(before.results);
    // The sums of an hour and a day alone are repaired from their parts.
    await first.exec("UPDATE session_counts SET durations = NULL, visitors = NULL WHERE seconds > 900");
    for (let runs = 0; runs < 5; runs++) await rollUpSessions(databases, NOW);
    expect((await all()).results).toEqual(before.results);
  }, 60_000);

  it("answers a day from one row", async () => {
    const day = await ask([START + DAY, START + 2 * DAY]);
    expect(day.buckets).toEqual(naiveSessions(rows, [START + DAY, START + 2 * DAY], ""));
    // The row, and a row of counts in each database.
    expect(day.rowsRead).toBeLessThanOrEqual(30);
  });

  it("reports late events until they are counted, with the later windows of their sessions", async () => {
    const [known] = rows.filter(({ occurredAt }) => occurredAt > START + 2 * DAY);
    const late = [
      eventRow({ session: "new", occurredAt: START + 5 * HOUR + SECOND }),
      // Before all its other events: a session that seemed to begin later.
      eventRow({ session: known?.session ?? "", occurredAt: START + 10 * SECOND }),
      eventRow({ session: "s1", application: "blog", occurredAt: START + DAY + 3 * HOUR }),
    ];
    const before = rows;
    rows = [...rows, ...late];
    await store(databases, { events: late }, 2 * DAY);
    const bounds = [START, START + DAY, START + 2 * DAY, START + 3 * DAY];
    const stale = await ask(bounds);
    expect(stale.late).toBe(3);
    expect(stale.buckets).toEqual(naiveSessions(before, bounds, ""));
    expect((await ask(bounds, "blog")).late).toBe(1);
    await rollUpAll();
    await compare(40);
  });

  it("counts again without an erased session, and counts its later windows anew", async () => {
    const before =
      rows.find(({ session, occurredAt }) => session === "s1" && occurredAt > START + DAY)?.occurredAt ?? 0;
    const erased = { session: "s1", before };
    await eraseSessionEvents([...databases], erased, { left: 9 });
    rows = rows.filter(({ session, receivedAt }) => session !== "s1" || receivedAt >= before);
    const bounds = [START, START + DAY];
    expect((await ask(bounds)).late).toBeGreaterThan(0);
    await rollUpAll();
    await compare(40);
  });

  it("answers from counts when the events have moved to the archive", async () => {
    const map = await withPartitions(databases, async (own) => own);
    const archived = map.partitions.map((one) => ({
      ...one,
      state: one.to <= NOW ? ("archived" as const) : one.state,
    }));
    expect(archived.some(({ state }) => state === "archived")).toBe(true);
    const bounds = [START, START + DAY, START + 2 * DAY, START + 3 * DAY];
    const found = await rolledSessions(databases, new PartitionMap(map.revision, archived), {
      ...{ bounds, application: "", hasDetails: true },
    });
    expect(found).toMatchObject({ hasSums: true, late: 0, hotSince: null });
    if (found !== null) expectDetails(found, naiveDetails(rows, bounds, ""));
  });

  it("counts the events of a closed partition as late until they are in its files", async () => {
    const [partition] = (await withPartitions(databases, async (map) => map)).overlapping(START, START + 1);
    if (partition === undefined) throw new Error("no partition");
    await createLateLane(databases, partition);
    const late = eventRow({ session: "later", occurredAt: START + 2 * HOUR });
    const lane = { partition, suffix: lateSuffix(partition) };
    const home = databases[databaseOf(partition, late.session)] ?? firstDatabase(databases);
    await writeBatch(home, { events: [{ lane, rows: [late] }], errors: [], parts: [] });
    const map = await withPartitions(databases, async (own) => own);
    const closed = map.partitions.map((one) => (one.id === partition.id ? { ...one, late: true } : one));
    const whole = { bounds: [START, START + DAY], application: "", hasDetails: false };
    const found = await rolledSessions(databases, new PartitionMap(map.revision, closed), whole);
    expect(found?.late).toBe(1);
    expect(found?.buckets).toEqual(naiveSessions(rows, whole.bounds, ""));
  });
});
