import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { DAY_SECONDS, HOUR_SECONDS } from "../../../../src/model/time/units";
import { databasesOf, firstDatabase } from "../../../../src/storage/core/databases";
import { withPartitions } from "../../../../src/storage/partitions/known-partitions";
import { coveringRows } from "../../../../src/storage/session-counts/answer/covering-rows";
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

/** `hotSince` tells the rows apart. */
const OF_DAY = 1;
const OF_HOUR = 2;
const OF_WINDOWS = [3, 4] as const;

async function write(seconds: SessionWidth, moment: number, rows: readonly Partial<SessionRow>[]): Promise<void> {
  const bucket = bucketOf(moment);
  const made = rows.map((row) => sessionRow(bucket, row));
  await replaceSessionRows(firstDatabase(databases), { seconds, buckets: [bucket], rows: made });
}

const remove = (seconds: SessionWidth, moment: number) => write(seconds, moment, []);

/** A session in each of the first two windows of the morning. */
beforeEach(async () => {
  await emptyDatabases(databases);
  await store(databases, {
    events: [eventRow({ session: "a" }), eventRow({ session: "b", occurredAt: MORNING + QUARTER })],
  });
  await write(DAY_SECONDS, TODAY, [{ counted: 2, hotSince: OF_DAY }]);
  await write(HOUR_SECONDS, MORNING, [{ counted: 2, hotSince: OF_HOUR }]);
  for (const [n, hotSince] of OF_WINDOWS.entries()) await write(900, MORNING + n * QUARTER, [{ counted: 1, hotSince }]);
});

async function cover(bounds: readonly number[], application = "") {
  const found = await withPartitions(databases, (map) =>
    coveringRows(databases, map, { bounds, application, hasDetails: false }),
  );
  const { rows, late, uncounted } = found;
  return { rows: rows.map(({ hotSince }) => hotSince).sort(), late, uncounted };
}

describe("coveringRows", () => {
  it("are the widest that the range contains", async () => {
    expect(await cover([TODAY, TODAY + DAY])).toEqual({ rows: [OF_DAY], late: 0, uncounted: [] });
    expect(await cover([TODAY, MORNING + HOUR])).toEqual({ rows: [OF_HOUR], late: 0, uncounted: [] });
    expect(await cover([MORNING, MORNING + QUARTER])).toEqual({ rows: [3], late: 0, uncounted: [] });
    expect(await cover([TODAY, MORNING + 3 * QUARTER])).toEqual({ rows: [...OF_WINDOWS], late: 0, uncounted: [] });
  });

  it("are hours for a day that is not summed, and windows for an hour; other windows with events are uncounted", async () => {
    await remove(DAY_SECONDS, TODAY);
    expect(await cover([TODAY, TODAY + DAY])).toMatchObject({ rows: [OF_HOUR], uncounted: [] });
    await remove(HOUR_SECONDS, MORNING);
    const quarters = [MORNING + 2 * QUARTER, MORNING + 3 * QUARTER].map(bucketOf);
    expect(await cover([TODAY, TODAY + DAY])).toMatchObject({ rows: [...OF_WINDOWS], uncounted: quarters });
    await remove(900, MORNING);
    const uncounted = [bucketOf(MORNING), ...quarters];
    expect(await cover([TODAY, TODAY + DAY])).toMatchObject({ rows: [4], uncounted });
    expect(await cover([MORNING, MORNING + 2 * QUARTER])).toMatchObject({ rows: [4], uncounted: [bucketOf(MORNING)] });
  });

  it("leave the end of a range within a window uncounted, and nothing where there are no events", async () => {
    const end = bucketOf(MORNING + QUARTER);
    expect(await cover([MORNING, MORNING + QUARTER + SECOND])).toEqual({ rows: [3], late: 0, uncounted: [end] });
    expect(await cover([TODAY - DAY, TODAY])).toEqual({ rows: [], late: 0, uncounted: [] });
  });

  it.each([
    ["a day", [TODAY, TODAY + DAY]],
    ["an hour", [MORNING, MORNING + HOUR]],
    ["windows of an hour", [MORNING, MORNING + QUARTER]],
  ])("have late events if some came after the row of %s", async (_, bounds) => {
    await store(databases, { events: [eventRow({ session: "late" })] });
    expect(await cover(bounds)).toMatchObject({ late: 1 });
    expect(await cover([TODAY - DAY, TODAY])).toMatchObject({ late: 0 });
  });

  it("have late events of windows whose hour is not summed", async () => {
    await remove(HOUR_SECONDS, MORNING);
    await store(databases, { events: [eventRow({ session: "late" })] });
    expect(await cover([MORNING, MORNING + HOUR])).toMatchObject({ rows: [...OF_WINDOWS], late: 1 });
  });

  it("have the changes that came by earlier windows, also for one application", async () => {
    await write(HOUR_SECONDS, MORNING, [
      { counted: 2, late: 3 },
      { counted: 2, application: "shop" },
    ]);
    expect(await cover([MORNING, MORNING + HOUR])).toMatchObject({ late: 3 });
    expect(await cover([MORNING, MORNING + HOUR], "shop")).toMatchObject({ late: 3 });
  });
});
