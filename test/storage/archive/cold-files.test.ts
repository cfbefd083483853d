import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import {
  coldPartitions,
  filesByTime,
  filesOfSeries,
  filesOfSession,
  rangeUntil,
} from "../../../src/storage/archive/cold-files";
import type { ColdFiles } from "../../../src/storage/archive/scan-files";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { PARTITION_STATES } from "../../../src/storage/partitions/partition";
import { PartitionMap } from "../../../src/storage/partitions/partition-map";
import { type EventRange, startOf } from "../../../src/storage/scan/event-order";
import { emptyEverything } from "../../compaction/harness";
import { partitionOf } from "../partitions/sample-partition";
import { HOUR, MORNING, SECOND } from "../seed";
import { archivedEvent, archiveEvents } from "./archived-files";

const databases = databasesOf(env);
const first = firstDatabase(databases);
const archive = { bucket: env.ARCHIVE, databases };
const RANGE: EventRange = { order: "asc", from: null, to: null, after: null };
const DAY = partitionOf({ state: "dropped" });
/** The hours from MORNING in which there are files. */
const hoursOf = ({ files }: ColdFiles) => files.map(({ file }) => (file.hour * SECOND - MORNING) / HOUR);

it("takes the partitions of a range whose tables are no longer read", () => {
  const map = new PartitionMap(
    1,
    PARTITION_STATES.map((state, n) => partitionOf({ id: n, state, from: n * HOUR, to: (n + 1) * HOUR })),
  );
  const states = (range: Partial<EventRange>) => coldPartitions(map, { ...RANGE, ...range }).map(({ state }) => state);
  expect(states({})).toEqual(["archived", "dropped"]);
  expect(states({ to: 3 * HOUR - 1 })).toEqual(["archived"]);
  expect(states({ from: 4 * HOUR })).toEqual([]);
  expect(states({ from: 3 * HOUR, to: 2 * HOUR })).toEqual([]);
});

it.each([
  ["keeps a range without a key", { order: "asc", from: 1, to: 9 }, null, [1, 9]],
  ["ends an ascending range at the key", { order: "asc", from: 1, to: 9 }, 5, [1, 5]],
  ["ends a descending range at the key", { order: "desc", from: 1, to: 9 }, 5, [5, 9]],
  ["never widens a range", { order: "asc", from: 1, to: 9 }, 20, [1, 9]],
  ["limits an open range", { order: "desc", from: null, to: null }, 5, [5, null]],
] as const)("%s", (_, range, at, expected) => {
  const { from, to } = rangeUntil({ after: null, ...range }, at === null ? null : startOf(at));
  expect([from, to]).toEqual(expected);
});

describe("the files of a scan", () => {
  beforeAll(async () => {
    await emptyEverything();
    for (const hour of [0, 1, 2, 3]) {
      const at = MORNING + hour * HOUR;
      await archiveEvents([archivedEvent({ session: hour % 2 === 0 ? "even" : "odd", occurredAt: at })]);
    }
    await archiveEvents([archivedEvent({ session: "even", occurredAt: MORNING })], { partition: 2 });
    await first.binding
      .prepare("INSERT INTO series_hours (series_id, hour) VALUES (7, ?1), (7, ?2), (8, ?2)")
      .bind(MORNING / SECOND, (MORNING + 3 * HOUR) / SECOND)
      .run();
  });

  it("by time are those of the partition and the range", async () => {
    expect(hoursOf(await filesByTime(archive, [DAY], RANGE))).toEqual([0, 1, 2, 3]);
    const range = { ...RANGE, order: "desc" as const, from: MORNING + HOUR, to: MORNING + 3 * HOUR - 1 };
    expect(hoursOf(await filesByTime(archive, [DAY], range))).toEqual([2, 1]);
  });

  it("by session are those that the index of the session's database names", async () => {
    const found = await filesOfSession(archive, [DAY], "even", RANGE);
    expect(hoursOf(found).toSorted()).toEqual([0, 2]);
    expect(found.boundary).toBeNull();
    const elsewhere = partitionOf({ state: "dropped", databases: [1] });
    expect((await filesOfSession(archive, [elsewhere], "even", RANGE)).files).toEqual([]);
  });

  it("by dimension key are those of the hours that have such events", async () => {
    const find = (ids: number[], range: Partial<EventRange> = {}) =>
      filesOfSeries(archive, [DAY], new Map([[first, ids]]), { ...RANGE, ...range });
    expect(hoursOf(await find([7, 8])).toSorted()).toEqual([0, 3]);
    expect(hoursOf(await find([8]))).toEqual([3]);
    expect(hoursOf(await find([9]))).toEqual([]);
    expect(hoursOf(await find([7], { to: MORNING + HOUR }))).toEqual([0]);
  });

  it("by dimension key end after 40 hours, with the hour that follows as boundary", async () => {
    const wide = partitionOf({ state: "dropped", to: MORNING + 50 * HOUR });
    await first.binding
      .prepare(
        `INSERT INTO series_hours (series_id, hour)
         WITH n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 44) SELECT 9, ?1 + n * 3600 FROM n`,
      )
      .bind(MORNING / SECOND)
      .run();
    const series = new Map([[first, [9]]]);
    const up = await filesOfSeries(archive, [wide], series, RANGE);
    expect(up.boundary).toBe(MORNING + 40 * HOUR);
    const down = await filesOfSeries(archive, [wide], series, { ...RANGE, order: "desc" });
    expect([hoursOf(down), down.boundary]).toEqual([[], MORNING + 5 * HOUR - 1]);
  });
});
