import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { addToRange, noCountedSessions } from "../../../../src/model/questions/sessions/session-counts";
import type { Period } from "../../../../src/model/time/calendar";
import { databasesOf } from "../../../../src/storage/core/databases";
import { withPartitions } from "../../../../src/storage/partitions/known-partitions";
import { windowOf } from "../../../../src/storage/partitions/partition";
import { PartitionMap } from "../../../../src/storage/partitions/partition-map";
import { lateEventsIn, liveCounts } from "../../../../src/storage/session-counts/answer/live-windows";
import { emptyDatabases } from "../../empty-databases";
import { DAY, eventRow, HOUR, MORNING, QUARTER, SECOND, store, storeWithLateLane } from "../../seed";

const databases = databasesOf(env);
const PERIOD = { start: MORNING, end: MORNING + HOUR };

beforeEach(() => emptyDatabases(databases));

const windowsAt = (...quarters: number[]) => quarters.map((n) => (MORNING + n * QUARTER) / SECOND);

async function live(
  windows: readonly number[],
  period: Period = PERIOD,
  applications: readonly string[] | null = null,
) {
  const found = await withPartitions(databases, (map) =>
    liveCounts(databases, map, { windows, period, applications, hasDetails: false }),
  );
  if (found === null) return null;
  const sum = noCountedSessions();
  for (const counts of found.counts) addToRange(counts, windowOf(period.start), () => sum);
  return { sessions: sum.sessions, events: sum.events };
}

const at = (session: string, quarter: number, application = "shop") =>
  eventRow({ session, occurredAt: MORNING + quarter * QUARTER, application });

describe("liveCounts", () => {
  it("counts the sessions of windows from their events, of all applications or some", async () => {
    await store(databases, { events: [at("a", 0), at("a", 1), at("b", 1, "blog"), at("c", 3)] });
    expect(await live(windowsAt(0, 1))).toEqual({ sessions: 2, events: 3 });
    expect(await live(windowsAt(0, 3))).toEqual({ sessions: 2, events: 2 });
    expect(await live(windowsAt(1), PERIOD, ["blog"])).toEqual({ sessions: 1, events: 1 });
    expect(await live([])).toEqual({ sessions: 0, events: 0 });
  });

  it("counts a session once that began earlier in the period, and anew if it began before the period", async () => {
    await store(databases, { events: [at("a", 0), at("a", 1)] });
    expect(await live(windowsAt(1))).toEqual({ sessions: 0, events: 1 });
    expect(await live(windowsAt(1), { ...PERIOD, start: MORNING + QUARTER })).toEqual({ sessions: 1, events: 1 });
  });

  it("ends with the period, within its last window", async () => {
    await store(databases, { events: [at("a", 0), eventRow({ session: "b", occurredAt: MORNING + SECOND })] });
    expect(await live(windowsAt(0), { start: MORNING, end: MORNING + SECOND })).toEqual({ sessions: 1, events: 1 });
    expect(await live(windowsAt(0), { start: MORNING, end: MORNING + SECOND + 1 })).toEqual({ sessions: 2, events: 2 });
  });

  it("has no answer for more separate windows than it reads", async () => {
    const separate = (count: number) => windowsAt(...Array.from({ length: count }, (_, n) => n * 2));
    const period = { start: MORNING, end: MORNING + DAY };
    expect(await live(separate(40), period)).toEqual({ sessions: 0, events: 0 });
    expect(await live(separate(41), period)).toBeNull();
  });

  it("has no answer for events that are no longer in the databases, and reports archived ones before the windows", async () => {
    await store(databases, { events: [at("a", 0), at("a", 4)] }, HOUR);
    const { revision, partitions } = await withPartitions(databases, async (map) => map);
    const archived = new PartitionMap(
      revision,
      partitions.map((one) => (one.from > MORNING ? one : { ...one, state: "archived" })),
    );
    const period = { start: MORNING, end: MORNING + 2 * HOUR };
    const ask = (windows: number[]) =>
      liveCounts(databases, archived, { windows, period, applications: null, hasDetails: false });
    expect(await ask(windowsAt(0))).toBeNull();
    expect(await ask(windowsAt(4))).toMatchObject({ hotSince: MORNING + HOUR });
    // Without events nothing can be missing before them.
    expect(await ask(windowsAt(7))).toEqual({ counts: [], hotSince: 0 });
  });
});

describe("lateEventsIn", () => {
  it("counts the events of late lanes alone, by period and application", async () => {
    await storeWithLateLane(databases, { events: [at("a", 0)], late: at("b", 1, "blog") }, HOUR);
    const late = (period: Period, applications: readonly string[] | null = null) =>
      withPartitions(databases, (map) => lateEventsIn(databases, map, period, applications));
    expect(await late(PERIOD)).toBe(1);
    expect(await late({ ...PERIOD, end: MORNING + QUARTER })).toBe(0);
    expect(await late(PERIOD, ["shop"])).toBe(0);
    expect(await late(PERIOD, ["blog"])).toBe(1);
    expect(await late({ start: MORNING + HOUR, end: MORNING + DAY })).toBe(0);
  });
});
