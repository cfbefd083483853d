import { beforeAll, expect, it } from "vitest";
import { refuseArchived } from "../../../../src/api/questions/stats/archived-range";
import { firstDatabase } from "../../../../src/storage/core/databases";
import { readPartitionMap } from "../../../../src/storage/partitions/known-partitions";
import { compactAll, databases } from "../../../compaction/harness";
import { expectRefusal } from "../../../http/expect-refusal";
import { DAY, eventRow, HOUR, MORNING, store } from "../../../storage/seed";

const partitions = () => readPartitionMap(firstDatabase(databases));

const MIDNIGHT = MORNING - 9 * HOUR;

/** The first of January is in the archive, the second in the databases. */
beforeAll(async () => {
  await store(databases, { events: [eventRow()] }, DAY);
  await compactAll();
  await store(databases, { events: [eventRow({ occurredAt: MORNING + DAY })] }, DAY);
});

it.each([
  ["of the archive", MIDNIGHT, MIDNIGHT + DAY],
  ["that begins in the archive", MORNING, MIDNIGHT + 2 * DAY],
  ["that ends with the first microsecond of the archive", MIDNIGHT - DAY, MIDNIGHT + 1],
])("refuses a range %s, and names the first time that is not archived", async (_, start, end) => {
  const refusal = expectRefusal(refuseArchived(await partitions(), [start, end], false), "cold_scan");
  expect(refusal.detail).toContain("Start at 2021-01-02T00:00:00.000Z");
});

it.each([
  ["after the archive", MIDNIGHT + DAY, MIDNIGHT + 2 * DAY],
  ["that ends where the archive begins", MIDNIGHT - DAY, MIDNIGHT],
])("accepts a range %s", async (_, start, end) => {
  expect(refuseArchived(await partitions(), [start, end], false)).toBeNull();
});

it("accepts archived ranges if counts of whole hours can answer, and every bucket has whole hours", async () => {
  expect(refuseArchived(await partitions(), [MORNING, MORNING + HOUR], true)).toBeNull();
  expectRefusal(refuseArchived(await partitions(), [MORNING, MORNING + HOUR / 2, MORNING + HOUR], true), "cold_scan");
});
