import { beforeEach, describe, expect, it } from "vitest";
import { formatTimestamp } from "../../../src/model/time/time";
import { consume } from "../../../src/pipeline/consumer";
import type { Pipeline } from "../../../src/pipeline/process-batch";
import { firstDatabase } from "../../../src/storage/core/databases";
import { databaseOf } from "../../../src/storage/partitions/partition";
import { dropPartition, sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { addPartition } from "../../../src/storage/partitions/partition-records";
import { createPartitionStore } from "../../../src/storage/partitions/partition-store";
import { createLateLane, sealStatements } from "../../../src/storage/partitions/partition-tables";
import { expectExactCounts } from "../../storage/counts-beside-events";
import { beginAnew, deliver, message, partitionAt } from "../delivering";
import {
  allEvents,
  batchOf,
  databases,
  envelopeOf,
  eventOf,
  partitions,
  pipelineWith,
  storedErrors,
  storedEvents,
} from "../harness";
import { OCCURRED_AT, RECEIVED_AT } from "../sample-events";

const YEAR = 365 * 86_400_000_000;

beforeEach(beginAnew);

describe("a partition that is closed", () => {
  /** A pipeline that uses the partition map from before `change`. */
  async function withOlderMap(change: () => Promise<void>): Promise<Partial<Pipeline>> {
    const older = createPartitionStore(databases);
    await older.covering([OCCURRED_AT]);
    await change();
    return { partitions: older };
  }

  it("between reading the map and the write gets its events in its late lane", async () => {
    await deliver([message("before", 1)]);
    const partition = await partitionAt(OCCURRED_AT);
    const older = await withOlderMap(() => sealPartition(databases, partition));
    await deliver([message("after", 1), message("bad", 1, { data: 7 })], older);
    expect((await allEvents()).map(({ id, suffix }) => [id, suffix])).toEqual([
      ["before", `${partition.id}s`],
      ["after", `${partition.id}l`],
    ]);
    expect(await storedErrors(["bad"])).toHaveLength(1);
    await expectExactCounts(databases);
  });

  it.each(["open", "sealed"])("stores no copy of its events when the map says it is %s", async (known) => {
    await deliver([message("a", 1)]);
    const partition = await partitionAt(OCCURRED_AT);
    const older = await withOlderMap(() => sealPartition(databases, partition));
    await deliver([message("a", 1), message("a", 2)], known === "open" ? older : {});
    expect((await allEvents()).map(({ id, suffix, data }) => [id, suffix, data])).toEqual([
      ["a", `${partition.id}s`, '{"content":1}'],
    ]);
    expect(await storedErrors(["a"])).toMatchObject([{ codes: ["id_conflict"] }]);
  });

  it("stores no copies in its late lane either", async () => {
    await deliver([message("a", 1)]);
    await sealPartition(databases, await partitionAt(OCCURRED_AT));
    for (const attempts of [1, 1, 2]) await deliver([message("late", 1), message("late", 1)], { attempts });
    await deliver([message("late", 2)]);
    expect((await allEvents()).map(({ id, data }) => [id, data])).toEqual([
      ["a", '{"content":1}'],
      ["late", '{"content":1}'],
    ]);
    expect(await storedErrors(["late"])).toHaveLength(1);
  });

  it("retries its messages while it is being closed, until the map says so", async () => {
    await deliver([message("before", 1)]);
    const partition = await partitionAt(OCCURRED_AT);
    // The compactor stopped halfway: the tables are renamed, but the map still says open.
    await createLateLane(databases, partition);
    for (const { binding } of databases) await binding.batch(sealStatements({ index: 0, binding }, partition));
    const { batch, acked, retried } = batchOf([message("waits", 1)], { attempts: 9 });
    await consume(batch, pipelineWith());
    expect([acked, retried.size]).toEqual([[], 1]);
    await sealPartition(databases, partition);
    await deliver([message("waits", 1)], { attempts: 10 });
    expect((await allEvents()).map(({ id, suffix }) => [id, suffix])).toEqual([
      ["before", `${partition.id}s`],
      ["waits", `${partition.id}l`],
    ]);
  });

  it("and dropped stores later events in its late lane", async () => {
    await deliver([message("gone", 1)]);
    const partition = await partitionAt(OCCURRED_AT);
    const older = await withOlderMap(() => dropPartition(databases, partition));
    await deliver([message("after", 1)], older);
    expect((await allEvents()).map(({ id, suffix }) => [id, suffix])).toEqual([["after", `${partition.id}l`]]);
  });
});

describe("a partition that is missing tables", () => {
  it("is completed by the next consumer", async () => {
    const first = firstDatabase(databases);
    const range = { from: OCCURRED_AT - (OCCURRED_AT % 900_000_000), to: OCCURRED_AT + YEAR };
    const end = range.to - (range.to % 900_000_000);
    const shared = { databases: [0, 1, 2], slotMicros: 4_000_000, now: RECEIVED_AT };
    // The consumer that created it crashed before it created the tables.
    await addPartition(first, { moment: OCCURRED_AT, ...range, to: end, ...shared });
    expect(await partitionAt(OCCURRED_AT)).toMatchObject({ ready: false });
    const bodies = Array.from({ length: 9 }, (_, n) => envelopeOf([["a", eventOf(`session-${n}`)]]));
    await Promise.all([deliver(bodies), deliver(bodies, { partitions: createPartitionStore(databases) })]);
    expect(await partitionAt(OCCURRED_AT)).toMatchObject({ ready: true });
    expect((await partitions.latest()).partitions).toHaveLength(1);
    expect(await allEvents()).toHaveLength(9);
  });
});

describe("old events", () => {
  const oldMoments = [0, 1, 915_148_800_000_000, 946_684_799_999_999, 946_684_800_000_000, OCCURRED_AT];

  it("of 1970, of 1999 and of imports are in partitions of a calendar year", async () => {
    await deliver(
      oldMoments.map((moment, n) => envelopeOf([[`old-${n}`, eventOf("old", { timestamp: formatTimestamp(moment) })]])),
    );
    const found = await storedEvents("old");
    expect(found.map(({ occurred_at }) => occurred_at)).toEqual(oldMoments);
    const map = await partitions.latest();
    const years = map.partitions.map(({ from, to }) => [
      formatTimestamp(from).slice(0, 10),
      formatTimestamp(to).slice(0, 10),
    ]);
    expect(years).toEqual([
      ["1970-01-01", "1971-01-01"],
      ["1999-01-01", "2000-01-01"],
      ["2000-01-01", "2001-01-01"],
      ["2021-01-01", "2022-01-01"],
    ]);
    for (const { occurred_at, session, database } of found) {
      const partition = map.find(occurred_at);
      expect(partition === null ? null : databaseOf(partition, session)).toBe(database);
    }
    await deliver(
      oldMoments.map((moment, n) => envelopeOf([[`old-${n}`, eventOf("old", { timestamp: moment / 1e6 })]])),
    );
    expect(await allEvents()).toHaveLength(oldMoments.length);
    await expectExactCounts(databases);
  });

  it("that fail are errors, with or without a valid timestamp", async () => {
    const timestamps = ["1970-01-01 00:00:00", "1969-12-31 23:59:59", "never", "9999-12-31 23:59:59"];
    const entries = timestamps.map((timestamp, n): [string, unknown] => [
      `bad-${n}`,
      eventOf("bad", { timestamp, data: null }),
    ]);
    await deliver([envelopeOf(entries)]);
    await deliver([envelopeOf(entries)], { attempts: 2 });
    expect(await storedErrors(entries.map(([id]) => id))).toHaveLength(4);
  });
});
