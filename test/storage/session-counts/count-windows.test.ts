import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { type DurationBins, durationBin } from "../../../src/model/questions/sessions/duration-table";
import { addToRange, noCountedSessions } from "../../../src/model/questions/sessions/session-counts";
import { databasesOf } from "../../../src/storage/core/databases";
import { withPartitions } from "../../../src/storage/partitions/known-partitions";
import { windowOf } from "../../../src/storage/partitions/partition";
import {
  ALL_APPLICATIONS,
  type CountedWindows,
  countWindows,
  type WindowQuestion,
} from "../../../src/storage/session-counts/count-windows";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MORNING, QUARTER, SECOND, store } from "../seed";

const databases = databasesOf(env);
const NOW = windowOf(MORNING);
const QUESTION: WindowQuestion = {
  ...{ from: MORNING, to: MORNING + HOUR, applications: null },
  ...{ isEach: true, hasSeveral: true, hasDetails: true, notBefore: 0, expected: 10 },
};

beforeEach(() => emptyDatabases(databases));

const count = (changes: Partial<WindowQuestion> = {}) =>
  withPartitions(databases, (map) => countWindows(databases, map, { ...QUESTION, ...changes }));

/** What the windows add to a range that starts at `first`. */
function addedTo(counted: CountedWindows, first = NOW, application = ALL_APPLICATIONS) {
  const sum = noCountedSessions();
  for (const counts of counted.get(application)?.values() ?? []) addToRange(counts, first, () => sum);
  const { sessions, bounces, events } = sum;
  return { sessions, bounces, events };
}

const at = (session: string, quarter: number, application = "shop") =>
  eventRow({ session, occurredAt: MORNING + quarter * QUARTER, application });

describe("countWindows", () => {
  it("counts sessions in the windows in which they begin, of all applications and of each", async () => {
    await store(databases, { events: [at("a", 0), at("b", 0), at("a", 2), at("b", 2, "blog"), at("c", 2, "blog")] });
    const counted = await count();
    expect([...(counted.get(ALL_APPLICATIONS)?.keys() ?? [])].sort()).toEqual([NOW, NOW + 2]);
    expect(addedTo(counted)).toEqual({ sessions: 3, bounces: 1, events: 5 });
    expect(addedTo(counted, NOW, "shop")).toEqual({ sessions: 2, bounces: 1, events: 3 });
    // Its first event there begins a session of the blog, although it had one in the shop before.
    expect(addedTo(counted, NOW, "blog")).toEqual({ sessions: 2, bounces: 2, events: 2 });
  });

  it("takes back the bounce of a session that continues, for ranges that contain its earlier window", async () => {
    await store(databases, { events: [at("a", -4), at("a", 0)] });
    const counted = await count();
    expect(addedTo(counted, NOW)).toEqual({ sessions: 1, bounces: 1, events: 1 });
    expect(addedTo(counted, NOW - 4)).toEqual({ sessions: 0, bounces: -1, events: 1 });
  });

  it("looks for earlier windows from a given one on", async () => {
    await store(databases, { events: [at("a", -4), at("a", 0)] });
    expect(addedTo(await count({ notBefore: NOW - 3 }), NOW - 4)).toMatchObject({ sessions: 1, bounces: 1 });
    expect(addedTo(await count({ notBefore: NOW - 4 }), NOW - 4)).toMatchObject({ sessions: 0, bounces: -1 });
  });

  it("ignores earlier windows of other applications", async () => {
    await store(databases, { events: [at("a", -4, "blog"), at("a", 0)] });
    const only = { applications: ["shop"], isEach: false };
    const counted = await count(only);
    expect([...counted.keys()]).toEqual([ALL_APPLICATIONS]);
    expect(addedTo(counted, NOW - 4)).toEqual({ sessions: 1, bounces: 1, events: 1 });
    expect(addedTo(await count({ ...only, applications: ["shop", "blog"] }), NOW - 4)).toMatchObject({ sessions: 0 });
    const ofEach = await count();
    expect(addedTo(ofEach, NOW - 4, "shop")).toMatchObject({ sessions: 1 });
    expect(addedTo(ofEach, NOW - 4)).toMatchObject({ sessions: 0 });
  });

  it("reads the sessions in slices if many events are expected", async () => {
    const sessions = Array.from({ length: 30 }, (_, n) => `session-${n}`);
    await store(databases, { events: sessions.map((session) => at(session, 0)) });
    const slices: number[] = [];
    const onSlice = async (events: readonly unknown[]) => void slices.push(events.length);
    const counted = await count({ expected: 60_001, onSlice });
    expect(slices).toHaveLength(4);
    expect(slices.every((events) => events < sessions.length)).toBe(true);
    expect(addedTo(counted)).toEqual({ sessions: 30, bounces: 30, events: 30 });
  });

  it("notes from which start of a range the events are complete, if a session has too many earlier windows", async () => {
    const events = Array.from({ length: 100 }, (_, n) => at("long", -n - 1));
    await store(databases, { events: [...events, at("long", 0), at("long", 0, "blog")] });
    const counts = (await count()).get(ALL_APPLICATIONS)?.get(NOW);
    expect(counts?.sums.since).toBe(NOW - 96);
    // Sessions need only the last two windows.
    expect(counts?.starts.since).toBe(0);
    expect(addedTo(await count({ isEach: false }), NOW - 96)).toEqual({ sessions: 0, bounces: 0, events: 2 });
  });

  it("knows durations of ranges that start before a session, whatever is not read of its middle", async () => {
    const long = [-5, -4, -2, 0].map((quarter) => at("long", quarter));
    await store(databases, { events: long });
    const durations = async (mostFurther: number, first: number) => {
      const table = (await count({ mostFurther })).get(ALL_APPLICATIONS)?.get(NOW)?.durations;
      if (table?.isKnownFrom(first) !== true) return null;
      const bins: DurationBins = new Map();
      table.addToRange(first, () => bins);
      return [...bins];
    };
    const grown = (from: number) => [
      [durationBin((from - 2) * QUARTER), -1],
      [durationBin(from * QUARTER), 1],
    ];
    expect(await durations(9, NOW - 5)).toEqual(grown(5));
    expect(await durations(9, NOW - 4)).toEqual(grown(4));
    expect(await durations(0, NOW - 5)).toEqual(grown(5));
    expect(await durations(0, NOW - 4)).toBeNull();
    expect(await durations(1, NOW - 4)).toEqual(grown(4));
    expect(await durations(0, NOW)).toEqual([["0", 1]]);
  });

  it("adds the time since the last earlier event to the durations", async () => {
    await store(databases, { events: [at("a", -1), eventRow({ session: "a", occurredAt: MORNING + 5 * SECOND })] });
    const sum = noCountedSessions();
    const counts = (await count()).get(ALL_APPLICATIONS)?.get(NOW);
    if (counts !== undefined) addToRange(counts, NOW - 1, () => sum);
    expect(sum.micros).toBe(QUARTER + 5 * SECOND);
  });
});
