import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { type DurationBins, readDurations } from "../../../src/model/questions/sessions/duration-table";
import { readSessionCounts } from "../../../src/model/questions/sessions/session-counts";
import { readVisitors, type VisitorHashes } from "../../../src/model/questions/sessions/visitor-table";
import { DAY_SECONDS, HOUR_SECONDS } from "../../../src/model/time/units";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { mergeDays, mergeHour } from "../../../src/storage/session-counts/merge-windows";
import {
  replaceSessionRows,
  type SessionRow,
  type SessionWidth,
} from "../../../src/storage/session-counts/session-count-store";
import { emptyDatabases } from "../empty-databases";
import { eventRow, MORNING, SECOND, store } from "../seed";
import { sessionRow, storedSessionRows } from "./session-rows";

const databases = databasesOf(env);
const first = firstDatabase(databases);
const MORNING_HOUR = MORNING / SECOND;
const TODAY = MORNING_HOUR - (MORNING_HOUR % DAY_SECONDS);

beforeEach(() => emptyDatabases(databases));

async function write(seconds: SessionWidth, rows: readonly SessionRow[]): Promise<void> {
  await replaceSessionRows(first, { seconds, buckets: rows.map(({ bucket }) => bucket), rows });
}

async function stored(seconds: SessionWidth, bucket: number, application = ""): Promise<SessionRow | undefined> {
  const [row] = await storedSessionRows(first, seconds, application, [bucket, bucket]);
  return row;
}

describe("mergeHour", () => {
  it("adds up the windows of an hour for each application", async () => {
    const windows = [
      sessionRow(HOUR_SECONDS, { late: 1, hotSince: 5 }),
      sessionRow(HOUR_SECONDS + 900, { hotSince: 7 }),
      sessionRow(HOUR_SECONDS + 2_700),
    ];
    const shop = [sessionRow(HOUR_SECONDS + 900, { application: "shop", counted: 9 })];
    const outside = [sessionRow(HOUR_SECONDS - 900), sessionRow(2 * HOUR_SECONDS)];
    await write(900, [...windows, ...shop, ...outside]);
    expect(await mergeHour(databases, HOUR_SECONDS)).toBe(2);
    const all = await stored(HOUR_SECONDS, HOUR_SECONDS);
    expect(all).toMatchObject({ counted: 6, late: 1, hotSince: 7, fingerprint: null });
    expect(await stored(HOUR_SECONDS, HOUR_SECONDS, "shop")).toMatchObject({ counted: 9, late: 0, hotSince: 0 });
    const sessions = readSessionCounts(all?.held ?? "").starts.entries();
    expect(sessions.reduce((sum, [, , x]) => sum + x, 0)).toBe(3);
    // All of them count for a range that begins with the hour.
    expect(sessions.every(([at, after]) => at === HOUR_SECONDS / 900 && after < HOUR_SECONDS / 900)).toBe(true);
  });

  it("adds up their durations and visitors, unless a window lacks them", async () => {
    const windows = [sessionRow(HOUR_SECONDS, {}, 2), sessionRow(HOUR_SECONDS + 2_700)];
    await write(900, windows);
    await mergeHour(databases, HOUR_SECONDS);
    const bins: DurationBins = new Map();
    const { durations, visitors } = (await stored(HOUR_SECONDS, HOUR_SECONDS)) ?? {};
    const hashes: VisitorHashes = new Set();
    readVisitors(visitors ?? "").addToRange(HOUR_SECONDS / 900, () => hashes);
    expect([...hashes]).toEqual(windows.map(({ bucket }) => bucket));
    readDurations(durations ?? "").addToRange(HOUR_SECONDS / 900, (window) =>
      window === HOUR_SECONDS / 900 ? bins : undefined,
    );
    expect([...bins]).toEqual([["0", 3]]);
    await write(900, [...windows.slice(1), sessionRow(HOUR_SECONDS + 900, { durations: null, visitors: null })]);
    await mergeHour(databases, HOUR_SECONDS);
    expect(await stored(HOUR_SECONDS, HOUR_SECONDS)).toMatchObject({ counted: 8, durations: null, visitors: null });
  });

  it("removes the row of an hour without windows", async () => {
    await write(HOUR_SECONDS, [sessionRow(HOUR_SECONDS)]);
    expect(await mergeHour(databases, HOUR_SECONDS)).toBe(0);
    expect(await stored(HOUR_SECONDS, HOUR_SECONDS)).toBeUndefined();
  });
});

describe("mergeDays", () => {
  it("adds up the hours of a day, once", async () => {
    await write(HOUR_SECONDS, [
      sessionRow(TODAY),
      sessionRow(TODAY + 23 * HOUR_SECONDS),
      sessionRow(TODAY + DAY_SECONDS),
    ]);
    expect(await mergeDays(databases, [TODAY], new Set())).toBe(1);
    expect(await stored(DAY_SECONDS, TODAY)).toMatchObject({ counted: 4 });
    expect(await mergeDays(databases, [TODAY], new Set())).toBe(0);
  });

  it("adds them up again if they have changed, or if it is told so", async () => {
    await write(HOUR_SECONDS, [sessionRow(TODAY)]);
    await mergeDays(databases, [TODAY], new Set());
    await write(HOUR_SECONDS, [sessionRow(TODAY, { counted: 5 })]);
    expect(await mergeDays(databases, [TODAY], new Set())).toBe(1);
    expect(await stored(DAY_SECONDS, TODAY)).toMatchObject({ counted: 5 });
    expect(await mergeDays(databases, [TODAY], new Set([TODAY]))).toBe(1);
  });

  it("adds them up again once all of them have visitors", async () => {
    await write(HOUR_SECONDS, [sessionRow(TODAY), sessionRow(TODAY + HOUR_SECONDS, { visitors: null })]);
    expect(await mergeDays(databases, [TODAY], new Set())).toBe(1);
    expect(await stored(DAY_SECONDS, TODAY)).toMatchObject({ visitors: null });
    expect(await mergeDays(databases, [TODAY], new Set())).toBe(0);
    await write(HOUR_SECONDS, [sessionRow(TODAY + HOUR_SECONDS)]);
    expect(await mergeDays(databases, [TODAY], new Set())).toBe(1);
    expect((await stored(DAY_SECONDS, TODAY))?.visitors).not.toBeNull();
  });

  it("waits for hours that have events and are not counted yet", async () => {
    await store(databases, { events: [eventRow()] });
    await write(HOUR_SECONDS, [sessionRow(TODAY)]);
    expect(await mergeDays(databases, [TODAY], new Set())).toBe(0);
    await write(HOUR_SECONDS, [sessionRow(MORNING_HOUR)]);
    expect(await mergeDays(databases, [TODAY], new Set())).toBe(1);
  });
});
