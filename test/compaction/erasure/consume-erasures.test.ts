import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { DrizzleQueryError } from "drizzle-orm/errors";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { beginErasure } from "../../../src/compaction/erasure/begin-erasure";
import { consumeErasures, resumeErasures, resumeWaiting } from "../../../src/compaction/erasure/consume-erasures";
import type { ErasureIo } from "../../../src/compaction/erasure/erasure-io";
import type { ErasureMessage } from "../../../src/model/erasure";
import { firstDatabase } from "../../../src/storage/core/databases";
import { insertRestore, loadErasure, noteWaiting } from "../../../src/storage/erasures/erasure-records";
import { archivedEvent, archiveEvents } from "../../storage/archive/archived-files";
import { failingDatabase } from "../../storage/failing-database";
import { MINUTE, SECOND } from "../../storage/seed";
import { databases, emptyEverything, LATER } from "../harness";
import { erasureIo } from "./erasure-harness";

const first = firstDatabase(databases);

beforeEach(emptyEverything);

function ioWith(changes: Partial<ErasureIo> = {}) {
  const sent: { message: ErasureMessage; delay: number }[] = [];
  const lines: Record<string, unknown>[] = [];
  const io = erasureIo({
    archive: null,
    sendErasure: async (message, delay) => void sent.push({ message, delay }),
    log: (line) => void lines.push(line),
    ...changes,
  });
  return { io, sent, lines };
}

const begin = (id: string, now = LATER) =>
  beginErasure(ioWith().io, { kind: "session", id: "s" }, { id, now, requestedBy: null });

describe("consumeErasures", () => {
  async function consume(bodies: unknown[], io: ErasureIo) {
    const batch = createMessageBatch(
      "the-eye-erasures",
      bodies.map((body, n) => ({ id: `m${n}`, timestamp: new Date(), attempts: 1, body })),
    );
    const retries = batch.messages.map((message) => vi.spyOn(message, "retry"));
    await consumeErasures(batch, io);
    const { explicitAcks, retryMessages } = await getQueueResult(batch, createExecutionContext());
    return { explicitAcks, retryMessages, retries: retries.flatMap(({ mock }) => mock.calls) };
  }

  it("runs a step for each message", async () => {
    await begin("a");
    await begin("b");
    const { io, sent } = ioWith();
    const messages = ["a", "b"].map((erasure) => ({ v: 1, erasure, step: 0 }));
    const { explicitAcks, retryMessages } = await consume(messages, io);
    expect([explicitAcks, retryMessages]).toEqual([["m0", "m1"], []]);
    expect(sent.map(({ message }) => message)).toEqual(["a", "b"].map((erasure) => ({ v: 1, erasure, step: 1 })));
    expect([(await loadErasure(first, "a"))?.step, (await loadErasure(first, "b"))?.step]).toEqual([1, 1]);
  });

  it("acknowledges a message that requests no step, says so, and runs the others", async () => {
    await begin("a");
    const { io, lines } = ioWith();
    const bodies = [{ v: 2, erasure: "a", step: 0 }, "text", { v: 1, erasure: "a", step: 0 }];
    const { explicitAcks } = await consume(bodies, io);
    expect(explicitAcks).toEqual(["m0", "m1", "m2"]);
    expect(lines.filter((line) => "refused" in line)).toHaveLength(2);
    expect((await loadErasure(first, "a"))?.step).toBe(1);
  });

  it("retries a step that failed after 10 seconds, and runs the others", async () => {
    await begin("a");
    await begin("b");
    const { io, lines } = ioWith();
    let calls = 0;
    const failing: ErasureIo = {
      ...io,
      sendErasure: async () => {
        calls += 1;
        if (calls === 1) throw new Error("the queue is not available");
      },
    };
    const { explicitAcks, retryMessages, retries } = await consume(
      ["a", "b"].map((erasure) => ({ v: 1, erasure, step: 0 })),
      failing,
    );
    expect(explicitAcks).toEqual(["m1"]);
    expect(retryMessages).toEqual([{ msgId: "m0" }]);
    expect(retries).toEqual([[{ delaySeconds: 10 }]]);
    expect(lines).toContainEqual({ log: "erasure", erasure: "a", waits: expect.stringContaining("not available") });
  });

  it("records the missing object that a step needs, until the object is back", async () => {
    const file = await archiveEvents([archivedEvent({ session: "s" })]);
    const copy = await (await env.ARCHIVE.get(file.key))?.arrayBuffer();
    await env.ARCHIVE.delete(file.key);
    await begin("a");
    let now = LATER;
    const { io } = ioWith({ archive: env.ARCHIVE, now: () => now });
    const step = [{ v: 1, erasure: "a", step: 0 }];
    expect((await consume(step, io)).retryMessages).toEqual([{ msgId: "m0" }]);
    now += MINUTE;
    await consume(step, io);
    const waiting = { waitingSince: LATER, missingObject: file.key, updatedAt: LATER + MINUTE };
    expect(await loadErasure(first, "a")).toMatchObject(waiting);
    await env.ARCHIVE.put(file.key, copy ?? "");
    await consume(step, io);
    expect(await loadErasure(first, "a")).toMatchObject({
      step: 1,
      events: 1,
      waitingSince: null,
      missingObject: null,
    });
  });

  it("records that a step failed for another reason, without the reason, which may name what is erased", async () => {
    await begin("a");
    const failing = databases.map((one, n) => (n === 1 ? failingDatabase(one, "connection lost for s") : one));
    const { io } = ioWith({ databases: failing });
    await consume([{ v: 1, erasure: "a", step: 0 }], io);
    expect(await loadErasure(first, "a")).toMatchObject({ waitingSince: LATER, missingObject: null });
    await consume([{ v: 1, erasure: "a", step: 0 }], ioWith().io);
    expect(await loadErasure(first, "a")).toMatchObject({ step: 1, waitingSince: null });
  });

  it("logs no id when a query fails that has it as a parameter", async () => {
    await begin("a");
    const failed = new DrizzleQueryError("SELECT ?1", ["visitor-in-secret"], new Error("connection lost"));
    const { io, lines } = ioWith({ sendErasure: () => Promise.reject(failed) });
    await consume([{ v: 1, erasure: "a", step: 0 }], io);
    expect(lines).toContainEqual({ log: "erasure", erasure: "a", waits: "connection lost" });
  });

  it("tries a step every 10 seconds, and from the sixth attempt on every minute", async () => {
    const { io } = ioWith({ databases: databases.map((one) => failingDatabase(one, "connection lost")) });
    const delays = [1, 5, 6, 50].map(async (attempts) => {
      const body = { v: 1, erasure: "a", step: 0 };
      const batch = createMessageBatch("the-eye-erasures", [{ id: "m", timestamp: new Date(), attempts, body }]);
      const retries = batch.messages.map((message) => vi.spyOn(message, "retry"));
      await consumeErasures(batch, io);
      return retries[0]?.mock.calls[0]?.[0]?.delaySeconds;
    });
    expect(await Promise.all(delays)).toEqual([10, 10, 60, 60]);
  });

  it("retries while the database fails", async () => {
    const { io } = ioWith({ databases: databases.map((one) => failingDatabase(one, "connection lost")) });
    const { retryMessages } = await consume([{ v: 1, erasure: "a", step: 0 }], io);
    expect(retryMessages.map(({ msgId }) => msgId)).toEqual(["m0"]);
  });
});

it("requests the next step of erasures that wait for an object whose loss was accepted", async () => {
  for (const id of ["a", "b", "c"]) await begin(id);
  for (const [id, missingObject] of [
    ["a", "x"],
    ["b", "y"],
  ] as const) {
    await noteWaiting(first, { id, step: 0, missingObject, now: LATER });
  }
  const { io, sent } = ioWith();
  await resumeWaiting(io, "x");
  expect(sent).toEqual([{ message: { v: 1, erasure: "a", step: 0 }, delay: 0 }]);
});

describe("resumeErasures", () => {
  async function resumed(now: number): Promise<ErasureMessage[]> {
    const { io, sent } = ioWith({ now: () => now });
    await resumeErasures(io);
    expect(sent.every(({ delay }) => delay === 0)).toBe(true);
    return sent.map(({ message }) => message);
  }

  it("requests the next step of an erasure that has not advanced for two minutes", async () => {
    await begin("a");
    expect(await resumed(LATER + 2 * MINUTE)).toEqual([]);
    expect(await resumed(LATER + 2 * MINUTE + 1)).toEqual([{ v: 1, erasure: "a", step: 0 }]);
    await first.binding.prepare("UPDATE erasures SET step = 3").run();
    expect(await resumed(LATER + 3 * MINUTE)).toEqual([{ v: 1, erasure: "a", step: 3 }]);
  });

  it("requests no step of an erasure that was tried in vain a minute ago: its message is tried again", async () => {
    await begin("a");
    await noteWaiting(first, { id: "a", step: 0, missingObject: "object", now: LATER + 10 * MINUTE });
    expect(await resumed(LATER + 11 * MINUTE)).toEqual([]);
    expect(await resumed(LATER + 12 * MINUTE + 1)).toHaveLength(1);
  });

  it("requests the next step of a restore after two minutes: until then, erased data can be read", async () => {
    await insertRestore(first, { id: "restore", databases: [0], now: LATER });
    expect(await resumed(LATER + 2 * MINUTE)).toEqual([]);
    expect(await resumed(LATER + 2 * MINUTE + SECOND)).toEqual([{ v: 1, erasure: "restore", step: 0 }]);
  });

  it("requests nothing of an erasure that is done", async () => {
    await begin("a");
    await first.binding.prepare("UPDATE erasures SET status = 'done'").run();
    expect(await resumed(LATER + 20 * MINUTE)).toEqual([]);
  });
});
