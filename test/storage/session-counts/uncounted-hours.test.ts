import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { withPartitions } from "../../../src/storage/partitions/known-partitions";
import { SAMPLE_KEYS } from "../../../src/storage/partitions/sample-key";
import { countedSessionStats } from "../../../src/storage/session-counts/answer/counted-session-stats";
import { type HourLimits, rollUpSessions } from "../../../src/storage/session-counts/roll-up-sessions";
import { readSessionRows } from "../../../src/storage/session-counts/session-count-store";
import { readWindowEvents, TooManySessions } from "../../../src/storage/session-counts/window-events";
import type { EventRow } from "../../../src/storage/write/rows";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, SECOND, store } from "../seed";
import { naiveSessions } from "./naive-sessions";

/** Hours with more events or sessions than are counted in advance. The limits are lowered: the real ones need millions. */

const databases = databasesOf(env);
const LARGE = MORNING + 2 * HOUR;
const NOW = MORNING + 5 * HOUR;
const WHOLE = { bounds: [MORNING, MORNING + 4 * HOUR], applications: null, isExact: false, isRough: false };

/** Four hours of six sessions with two events each; the third hour has 40 sessions. */
const rows: EventRow[] = [0, 1, 2, 3].flatMap((hour) =>
  Array.from({ length: hour === 2 ? 40 : 6 }, (_, n) =>
    [0, 5 * MINUTE].map((later) =>
      eventRow({ session: `s${n}`, occurredAt: MORNING + hour * HOUR + n * SECOND + later }),
    ),
  ).flat(),
);

const LIMITS: [string, HourLimits][] = [
  ["events", { events: 79, groups: 60_000 }],
  // A statement reads one of three databases.
  ["sessions in a slice", { events: 5_000_000, groups: 9 }],
];

async function rollUpAll(limits?: HourLimits): Promise<void> {
  while ((await rollUpSessions(databases, NOW, 60_000, limits)).windows > 0);
}

async function countedHours(): Promise<number[]> {
  const spans = [[MORNING / SECOND, NOW / SECOND] as const];
  const query = { application: "", seconds: 3_600 as const, spans, withHeld: false };
  const [found = []] = await readSessionRows(firstDatabase(databases), [query]);
  return found.map(({ bucket }) => (bucket - MORNING / SECOND) / 3_600).sort();
}

async function sessionsIn(bounds: readonly number[]) {
  const found = await countedSessionStats(databases, { ...WHOLE, bounds, metrics: ["sessions", "bounces", "events"] });
  return found === null ? null : { total: found.total.sessions.total, late: found.late };
}

function expectedIn(bounds: readonly number[], among = rows) {
  return { total: naiveSessions(among, bounds, "")[0]?.sessions, late: 0 };
}

beforeEach(async () => {
  await emptyDatabases(databases);
  await store(databases, { events: rows });
});

describe.each(LIMITS)("an hour with too many %s", (_, limits) => {
  it("is not counted, and the others are", async () => {
    await rollUpAll(limits);
    expect(await countedHours()).toEqual([0, 1, 3]);
  });

  it("is answered from its events", async () => {
    await rollUpAll(limits);
    for (const bounds of [WHOLE.bounds, [LARGE, LARGE + HOUR], [MORNING, MORNING + 2 * HOUR]]) {
      expect(await sessionsIn(bounds)).toEqual(expectedIn(bounds));
    }
  });

  it("is reported as late if it grows beyond the limit after it was counted", async () => {
    await rollUpAll();
    expect(await countedHours()).toEqual([0, 1, 2, 3]);
    await store(databases, { events: [eventRow({ session: "new", occurredAt: LARGE + SECOND })] });
    await rollUpAll(limits);
    expect(await sessionsIn(WHOLE.bounds)).toEqual({ ...expectedIn(WHOLE.bounds), late: 1 });
  });

  it("is counted once the limit allows it", async () => {
    await rollUpAll(limits);
    await rollUpAll();
    expect(await countedHours()).toEqual([0, 1, 2, 3]);
    expect(await sessionsIn(WHOLE.bounds)).toEqual(expectedIn(WHOLE.bounds));
  });
});

describe("readWindowEvents", () => {
  const read = (mostGroups: number) =>
    withPartitions(databases, (map) =>
      readWindowEvents(
        databases,
        map,
        { from: LARGE, to: LARGE + HOUR, applications: null, hasDetails: false, mostGroups },
        { low: 0, high: SAMPLE_KEYS },
      ),
    );

  it("throws if a statement has as many groups as it may return, because there may be more", async () => {
    await expect(read(5)).rejects.toBeInstanceOf(TooManySessions);
  });

  it("returns all groups below that", async () => {
    const events = await read(41);
    expect(events).toHaveLength(40);
    expect(events.reduce((sum, one) => sum + one.events, 0)).toBe(80);
  });
});
