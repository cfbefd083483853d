import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { addToRange, noCountedSessions, readSessionCounts } from "../../../src/model/questions/sessions/session-counts";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { withPartitions } from "../../../src/storage/partitions/known-partitions";
import { WINDOW_SECONDS } from "../../../src/storage/partitions/partition";
import { recountWindows } from "../../../src/storage/session-counts/recount-windows";
import { lateStatement, type SessionRow } from "../../../src/storage/session-counts/session-count-store";
import { MAX_GROUPS } from "../../../src/storage/session-counts/window-events";
import { windowTotals } from "../../../src/storage/session-counts/window-totals";
import { emptyDatabases } from "../empty-databases";
import { DAY, eventRow, MORNING, QUARTER, SECOND, store } from "../seed";
import { storedSessionRows } from "./session-rows";

const databases = databasesOf(env);
const first = firstDatabase(databases);
const START = MORNING / SECOND;

beforeEach(() => emptyDatabases(databases));

/** Counts windows after MORNING, as the cron does. */
async function recount(from: number, last: number, beganAt = MORNING + DAY): Promise<number> {
  const span = [START + from * WINDOW_SECONDS, START + last * WINDOW_SECONDS] as const;
  const held = await storedSessionRows(first, 900, "", span);
  return withPartitions(databases, async (map) => {
    const totals = await windowTotals(databases, map, [span[0], span[1] + WINDOW_SECONDS]);
    return recountWindows(databases, map, { span, held, totals, beganAt, mostGroups: MAX_GROUPS });
  });
}

const at = (session: string, quarter: number, application = "shop") =>
  eventRow({ session, occurredAt: MORNING + quarter * QUARTER, application });

function sessionsIn({ held, bucket }: SessionRow): number {
  const sum = noCountedSessions();
  addToRange(readSessionCounts(held), bucket / WINDOW_SECONDS, () => sum);
  return sum.sessions;
}

/** The changes that each window still has to be counted again for. */
const lateWindows = async () => (await storedSessionRows(first, 900)).map(({ late }) => late);

describe("recountWindows", () => {
  it("stores a row for each window and application with events, and for all together", async () => {
    await store(databases, { events: [at("a", 0), at("b", 0, "blog"), at("a", 2)] });
    expect(await recount(0, 3)).toBe(5);
    const rowsOf = async (application: string) =>
      (await storedSessionRows(first, 900, application)).map((row) => [
        row.bucket - START,
        row.counted,
        sessionsIn(row),
      ]);
    expect(await rowsOf("")).toEqual([
      [0, 2, 2],
      [1_800, 1, 1],
    ]);
    expect(await rowsOf("blog")).toEqual([[0, 1, 1]]);
    expect(await rowsOf("shop")).toEqual([
      [0, 1, 1],
      [1_800, 1, 1],
    ]);
  });

  it("marks the later windows of sessions that have changed, and no others", async () => {
    await store(databases, { events: [at("a", 0), at("b", 0), at("a", 5), at("b", 6), at("a", 7), at("b", 7)] });
    await recount(0, 7);
    expect(await lateWindows()).toEqual([0, 0, 0, 0]);
    await store(databases, { events: [at("a", 0)] });
    await recount(0, 0);
    // The windows of "b" stay as they are: its sum of hashes is the same.
    expect(await lateWindows()).toEqual([0, 1, 0, 1]);
  });

  it("marks later windows after the first count, if the events came when those may have been counted already", async () => {
    await store(databases, { events: [at("a", 0), at("a", 2)] });
    await recount(2, 2);
    await recount(0, 0, MORNING + DAY);
    expect(await lateWindows()).toEqual([0, 0]);
    await emptyDatabases(databases);
    await store(databases, { events: [at("a", 0), at("a", 2)] });
    await recount(2, 2);
    await recount(0, 0, MORNING);
    expect(await lateWindows()).toEqual([0, 1]);
  });

  it("is no longer late afterwards", async () => {
    await store(databases, { events: [at("a", 0)] });
    await recount(0, 0);
    await first.binding.batch([lateStatement(first, new Map([[START, 2]]))]);
    await recount(0, 0);
    expect(await lateWindows()).toEqual([0]);
  });

  it("gives a window a row whose events are counted but erased", async () => {
    await store(databases, { events: [at("a", 0)] });
    const { results } = await first.binding.prepare("SELECT partition_id AS id FROM partitions").all<{ id: number }>();
    for (const { binding } of databases) {
      await binding.batch(
        results.flatMap(({ id }) => [
          binding.prepare(`DELETE FROM events_${id}`),
          binding.prepare(`DELETE FROM activity_${id}`),
        ]),
      );
    }
    await recount(0, 0);
    const [row] = await storedSessionRows(first, 900);
    expect(row?.counted).toBe(1);
    expect(row === undefined ? null : sessionsIn(row)).toBe(0);
  });
});
