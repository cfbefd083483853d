import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { formatTimestamp } from "../../src/model/time/time";
import { processBatch } from "../../src/pipeline/process-batch";
import type { Write } from "../../src/pipeline/write-groups";
import { createPartitionStore } from "../../src/storage/partitions/partition-store";
import { writeBatch } from "../../src/storage/write/write-batch";
import { expectExactCounts } from "../storage/counts-beside-events";
import { beginAnew, deliver, message, whatIsStored } from "./delivering";
import { allEvents, batchOf, databases, envelopeOf, eventOf, partitions, pipelineWith, storedErrors } from "./harness";
import { OCCURRED_AT, RECEIVED_AT } from "./sample-events";

beforeEach(beginAnew);

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
    await expectExactCounts(databases);
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
    await expectExactCounts(databases);
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
    await expectExactCounts(databases);
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
    await expectExactCounts(databases);
  });

  it("agree on one of two contents and store the other as an error", async () => {
    await Promise.all([deliver([message("a", 1)]), deliver([message("a", 2)])]);
    const { events, errors } = await whatIsStored(["a"]);
    expect([events.length, errors.length]).toEqual([1, 1]);
    await expectExactCounts(databases);
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
    await expectExactCounts(databases);
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
    await expectExactCounts(databases);
  });
});
