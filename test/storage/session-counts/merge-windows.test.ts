import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { EntryTable } from "../../../src/model/questions/sessions/entry-table";
import { readSessionCounts, writeSessionCounts } from "../../../src/model/questions/sessions/session-counts";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { mergeDays, mergeHour } from "../../../src/storage/session-counts/merge-windows";
import {
  readSessionRows,
  replaceSessionRows,
  type SessionRow,
  type SessionWidth,
} from "../../../src/storage/session-counts/session-count-store";
import { emptyDatabases } from "../empty-databases";
import { eventRow, MORNING, SECOND, store } from "../seed";

const databases = databasesOf(env);
const first = firstDatabase(databases);
const HOUR = 3_600;
const DAY = 86_400;
const MORNING_HOUR = MORNING / SECOND;
const TODAY = MORNING_HOUR - (MORNING_HOUR % DAY);

beforeEach(() => emptyDatabases(databases));

/** A row of one session that begins in the bucket. */
function row(bucket: number, more: Partial<SessionRow> = {}): SessionRow {
  const window = bucket / 900;
  const held = writeSessionCounts({
    starts: new EntryTable([[window, window - 10_000, 1, 1]]),
    sums: new EntryTable([[window, window - 10_000, 2, 30]]),
  });
  return { application: "", bucket, counted: 2, late: 0, hotSince: 0, fingerprint: null, held, ...more };
}

async function write(seconds: SessionWidth, rows: readonly SessionRow[]): Promise<void> {
  await replaceSessionRows(first, { seconds, buckets: rows.map(({ bucket }) => bucket), rows });
}

async function stored(seconds: SessionWidth, bucket: number, application = ""): Promise<SessionRow | undefined> {
  const query = { application, seconds, spans: [[bucket, bucket] as const], withHeld: true };
  const [rows = []] = await readSessionRows(first, [query]);
  return rows[0];
}

describe("mergeHour", () => {
  it("adds up the windows of an hour for each application", async () => {
    const windows = [row(HOUR, { late: 1, hotSince: 5 }), row(HOUR + 900, { hotSince: 7 }), row(HOUR + 2_700)];
    const shop = [row(HOUR + 900, { application: "shop", counted: 9 })];
    const outside = [row(HOUR - 900), row(2 * HOUR)];
    await write(900, [...windows, ...shop, ...outside]);
    expect(await mergeHour(databases, HOUR)).toBe(2);
    const all = await stored(HOUR, HOUR);
    expect(all).toMatchObject({ counted: 6, late: 1, hotSince: 7, fingerprint: null });
    expect(await stored(HOUR, HOUR, "shop")).toMatchObject({ counted: 9, late: 0, hotSince: 0 });
    const sessions = readSessionCounts(all?.held ?? "").starts.entries();
    expect(sessions.reduce((sum, [, , x]) => sum + x, 0)).toBe(3);
    // All of them count for a range that begins with the hour.
    expect(sessions.every(([at, after]) => at === HOUR / 900 && after < HOUR / 900)).toBe(true);
  });

  it("removes the row of an hour without windows", async () => {
    await write(HOUR, [row(HOUR)]);
    expect(await mergeHour(databases, HOUR)).toBe(0);
    expect(await stored(HOUR, HOUR)).toBeUndefined();
  });
});

describe("mergeDays", () => {
  it("adds up the hours of a day, once", async () => {
    await write(HOUR, [row(TODAY), row(TODAY + 23 * HOUR), row(TODAY + DAY)]);
    expect(await mergeDays(databases, [TODAY], new Set())).toBe(1);
    expect(await stored(DAY, TODAY)).toMatchObject({ counted: 4 });
    expect(await mergeDays(databases, [TODAY], new Set())).toBe(0);
  });

  it("adds them up again if they have changed, or if it is told so", async () => {
    await write(HOUR, [row(TODAY)]);
    await mergeDays(databases, [TODAY], new Set());
    await write(HOUR, [row(TODAY, { counted: 5 })]);
    expect(await mergeDays(databases, [TODAY], new Set())).toBe(1);
    expect(await stored(DAY, TODAY)).toMatchObject({ counted: 5 });
    expect(await mergeDays(databases, [TODAY], new Set([TODAY]))).toBe(1);
  });

  it("waits for hours that have events and are not counted yet", async () => {
    await store(databases, { events: [eventRow()] });
    await write(HOUR, [row(TODAY)]);
    expect(await mergeDays(databases, [TODAY], new Set())).toBe(0);
    await write(HOUR, [row(MORNING_HOUR)]);
    expect(await mergeDays(databases, [TODAY], new Set())).toBe(1);
  });
});
