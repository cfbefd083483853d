import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { MAX_MESSAGE_BYTES } from "../../src/model/limits";
import { formatTimestamp } from "../../src/model/time/time";
import { consume } from "../../src/pipeline/consumer";
import type { Pipeline } from "../../src/pipeline/process-batch";
import { processBatch } from "../../src/pipeline/process-batch";
import type { Write } from "../../src/pipeline/write-groups";
import { NO_RULES } from "../../src/rules/rules";
import { firstDatabase } from "../../src/storage/core/databases";
import { databaseOf, type Partition } from "../../src/storage/partitions/partition";
import { dropPartition, sealPartition } from "../../src/storage/partitions/partition-lifecycle";
import { addPartition } from "../../src/storage/partitions/partition-records";
import { createPartitionStore } from "../../src/storage/partitions/partition-store";
import { createLateLane, sealStatements } from "../../src/storage/partitions/partition-tables";
import { writeBatch } from "../../src/storage/write/write-batch";
import { countsBesideEvents } from "../storage/counts-beside-events";
import { emptyDatabases } from "../storage/empty-databases";
import {
  allEvents,
  alwaysInForce,
  batchOf,
  databases,
  envelopeOf,
  eventOf,
  partitions,
  pipelineWith,
  storedErrors,
  storedEvents,
} from "./harness";
import { OCCURRED_AT, RECEIVED_AT } from "./sample-events";

const YEAR = 365 * 86_400_000_000;

beforeEach(async () => {
  await emptyDatabases(databases);
  await partitions.latest();
});

/** Delivers messages and expects all of them to be acknowledged. */
async function deliver(
  bodies: unknown[],
  { attempts = 1, ...changes }: Partial<Pipeline> & { attempts?: number } = {},
) {
  const { batch, acked } = batchOf(bodies, { attempts });
  await consume(batch, pipelineWith(changes));
  expect(acked).toEqual(bodies.map((_, place) => place));
}

async function expectExactCounts() {
  for (const database of databases) {
    const { counted, expected } = await countsBesideEvents(database);
    expect(counted).toEqual(expected);
  }
}

/** A summary of the rows in the two tables. */
async function whatIsStored(ids: string[]) {
  const events = (await allEvents()).map(({ session, id, data, received_at }) => [session, id, data, received_at]);
  const errors = (await storedErrors(ids)).map(({ event_id, codes, content }) => [event_id, codes.join(), content]);
  return { events: events.toSorted(), errors: errors.toSorted() };
}

async function partitionAt(moment: number): Promise<Partition> {
  const partition = (await partitions.latest()).find(moment);
  if (partition === null) throw new Error(`no partition covers ${moment}`);
  return partition;
}

/** A message with one event. Each content of an identity has its own time of receipt. */
function message(id: string, content: number, changes: Record<string, unknown> = {}) {
  const event = eventOf("session", { data: { content }, ...changes });
  return envelopeOf([[id, event]], { received_at: RECEIVED_AT + content });
}

describe("several contents under one identity", () => {
  const rivals = [1, 2, 3].map((content) => message("a", content));

  it("give one event, the first received, and an error for each other content", async () => {
    await deliver([rivals[2], rivals[0], rivals[1]]);
    expect(await whatIsStored(["a"])).toMatchObject({
      events: [["session", "a", '{"content":1}', RECEIVED_AT + 1]],
      errors: [
        ["a", "id_conflict", JSON.stringify(eventOf("session", { data: { content: 2 } }))],
        ["a", "id_conflict", JSON.stringify(eventOf("session", { data: { content: 3 } }))],
      ],
    });
    await expectExactCounts();
  });

  it("keep their outcomes when they are delivered again in any order and batches", async () => {
    await deliver(rivals);
    const before = await whatIsStored(["a"]);
    const anyDeliveries = fc.array(
      fc.record({
        batch: fc.array(fc.constantFrom(...rivals), { minLength: 1, maxLength: 5 }),
        attempts: fc.integer({ min: 1, max: 2 }),
      }),
      { minLength: 1, maxLength: 3 },
    );
    await fc.assert(
      fc.asyncProperty(anyDeliveries, async (deliveries) => {
        for (const { batch, attempts } of deliveries) await deliver(batch, { attempts });
        expect(await whatIsStored(["a"])).toEqual(before);
      }),
      { numRuns: 15 },
    );
    await expectExactCounts();
  });

  it("stay separate if the stored content arrives with another that was received earlier", async () => {
    await deliver([rivals[1]]);
    await deliver([rivals[0], rivals[1]]);
    expect(await whatIsStored(["a"])).toMatchObject({
      events: [["session", "a", '{"content":2}', RECEIVED_AT + 2]],
      errors: [["a", "id_conflict", expect.stringContaining('"content":1')]],
    });
  });

  it("do not affect their neighbours", async () => {
    await deliver([rivals[0]]);
    await deliver([rivals[1], message("b", 7), envelopeOf([["c", eventOf("another session")]])]);
    expect((await allEvents()).map(({ id }) => id).toSorted()).toEqual(["a", "b", "c"]);
    await expectExactCounts();
  });
});

describe("one event", () => {
  it("that is sent again with another context, visitor or unknown member is the same event, as first sent", async () => {
    const first = { context: { try: 1 }, visitor_id: "v1", sentAt: 1 };
    await deliver([message("a", 1, { ...first, data: {} })]);
    await deliver([message("a", 2, { context: { try: 2 }, visitor_id: "v2", sentAt: 2, data: {} })]);
    expect(await allEvents()).toMatchObject([
      { received_at: RECEIVED_AT + 1, context: '{"try":1}', visitor: "v1", extra: '{"sentAt":1}' },
    ]);
    expect(await storedErrors(["a"])).toEqual([]);
  });

  it("with the same id but another timestamp is another event", async () => {
    await deliver([message("a", 1), message("a", 1, { timestamp: formatTimestamp(OCCURRED_AT + 1) })]);
    expect((await allEvents()).map(({ occurred_at }) => occurred_at)).toEqual([OCCURRED_AT, OCCURRED_AT + 1]);
  });

  it("is another one in another session but the same one from another application", async () => {
    await deliver([message("a", 1), message("a", 1, { session_id: "other" })]);
    await deliver([{ ...message("a", 1), application: "blog" }]);
    expect((await allEvents()).map(({ session, application }) => [session, application]).toSorted()).toEqual([
      ["other", "shop"],
      ["session", "shop"],
    ]);
  });
});

describe("two concurrent consumers of the same messages", () => {
  it("store everything once, with exact counts", async () => {
    const bodies = Array.from({ length: 12 }, (_, n) =>
      envelopeOf(
        Array.from({ length: 4 }, (_, k): [string, unknown] => [
          `${n}-${k}`,
          eventOf(`session-${n % 5}`, {
            timestamp: formatTimestamp(OCCURRED_AT + n * 7_000_000 + k),
            ...(k === 3 ? { data: null } : {}),
          }),
        ]),
        { received_at: RECEIVED_AT + 100_000_000 },
      ),
    );
    // Each has its own partition store, as in two isolates: both create the first partition.
    const isolate = () => ({ partitions: createPartitionStore(databases) });
    await Promise.all([
      deliver(bodies, isolate()),
      deliver(bodies.toReversed(), isolate()),
      deliver(bodies, { ...isolate(), attempts: 2 }),
    ]);
    expect((await allEvents()).map(({ id }) => id).toSorted()).toEqual(
      bodies.flatMap((_, n) => [0, 1, 2].map((k) => `${n}-${k}`)).toSorted(),
    );
    expect(await storedErrors(bodies.map((_, n) => `${n}-3`))).toHaveLength(12);
    expect((await partitions.latest()).partitions).toHaveLength(1);
    await expectExactCounts();
  });

  it("agree on one of two contents and store the other as an error", async () => {
    await Promise.all([deliver([message("a", 1)]), deliver([message("a", 2)])]);
    const { events, errors } = await whatIsStored(["a"]);
    expect([events.length, errors.length]).toEqual([1, 1]);
    await expectExactCounts();
  });
});

describe("a crash", () => {
  const bodies = [message("a", 1), message("b", 1, { data: 7 }), message("a", 2)];

  it.each([1, 2])("between commit and acknowledgement changes nothing (delivered as attempt %i)", async (attempts) => {
    const { undelivered } = await processBatch(batchOf(bodies).batch.messages, pipelineWith());
    expect(undelivered).toEqual([]);
    const before = await whatIsStored(["a", "b"]);
    await deliver(bodies, { attempts });
    expect(await whatIsStored(["a", "b"])).toEqual(before);
    await expectExactCounts();
  });

  it("between the commits of two databases leaves the missing rows to the redelivery", async () => {
    const sessions = Array.from({ length: 12 }, (_, n) => `session-${n}`);
    const many = sessions.map((session) => envelopeOf([["a", eventOf(session)]]));
    const write: Write = async (database, rows, mayHold) => {
      if (database.index === 1) throw new Error("the invocation ends here");
      return writeBatch(database, rows, mayHold);
    };
    await processBatch(batchOf(many).batch.messages, pipelineWith({ write }));
    const stored = (await allEvents()).length;
    expect(stored).toBeGreaterThan(0);
    expect(stored).toBeLessThan(sessions.length);
    await deliver(many);
    expect((await allEvents()).map(({ session }) => session).toSorted()).toEqual(sessions.toSorted());
    await expectExactCounts();
  });
});

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
    await expectExactCounts();
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
    await expectExactCounts();
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

describe("a batch of the largest messages", () => {
  /** One hundred messages of 120 KB, with events of 28 KB whose payload is [{},{},…]. */
  const heavy = Array.from({ length: 100 }, (_, n) => {
    const items = Array.from({ length: 9_300 }, () => ({}));
    const events = Array.from({ length: 4 }, (_, k): [string, unknown] => [
      `${n}-${k}`,
      eventOf(`session-${n % 10}`, { data: { items } }),
    ]);
    return envelopeOf(events, { received_at: RECEIVED_AT + n * 10 });
  });

  it("is processed completely, in slices one after the other", async () => {
    const bytes = JSON.stringify(heavy[0]).length;
    expect(bytes).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
    expect(bytes).toBeGreaterThan(0.9 * MAX_MESSAGE_BYTES);
    let slices = 0;
    let writing = 0;
    const rules: Pipeline["rules"] = async () => {
      slices += 1;
      expect(writing).toBe(0);
      return alwaysInForce(NO_RULES);
    };
    const write: Write = async (database, rows, mayHold) => {
      writing += 1;
      const result = await writeBatch(database, rows, mayHold);
      writing -= 1;
      return result;
    };
    await deliver(heavy, { rules, write });
    expect(slices).toBe(Math.ceil(100 / Math.floor(1_000_000 / bytes)));
    expect(await allEvents()).toHaveLength(400);
    await expectExactCounts();
  });

  it("fails only in the failing slice", async () => {
    let slices = 0;
    const rules: Pipeline["rules"] = async () => {
      slices += 1;
      if (slices === 2) throw new Error("too old");
      return alwaysInForce(NO_RULES);
    };
    const { batch, acked, retried } = batchOf(heavy.slice(0, 20));
    await consume(batch, pipelineWith({ rules }));
    expect([...retried.keys()]).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
    expect(acked).toHaveLength(12);
  });
});
