import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { claimRun } from "../../src/compaction/compactor-lease";
import { consumeCompaction, runCompaction } from "../../src/compaction/run-compaction";
import { firstDatabase } from "../../src/storage/core/databases";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../storage/seed";
import { databases, EAGER, emptyEverything, ioWith, LATER, readArchive } from "./harness";

const first = firstDatabase(databases);

beforeEach(emptyEverything);

const clock = () => LATER;

const storeEvents = (count: number, micros = MINUTE, width = HOUR) =>
  store(
    databases,
    {
      events: Array.from({ length: count }, (_, n) =>
        eventRow({ session: `session-${n % 9}`, occurredAt: MORNING + n * micros }),
      ),
    },
    width,
  );

describe("runCompaction", () => {
  it("runs steps until no work is left", async () => {
    await storeEvents(120);
    const { steps, isDone } = await runCompaction(ioWith(), clock);
    expect(isDone).toBe(true);
    const dids = steps.map(({ did }) => did);
    expect(dids.filter((did) => did === "dropped")).toHaveLength(2);
    expect(await readArchive()).toHaveLength(120);
    expect(await runCompaction(ioWith(), clock)).toEqual({ steps: [], isDone: true });
  });

  it("ends after 60 steps; the next run continues", async () => {
    await storeEvents(24, HOUR);
    const run = await runCompaction(ioWith(), clock);
    expect(run.isDone).toBe(false);
    expect(run.steps).toHaveLength(60);
    let runs = 1;
    while (!(await runCompaction(ioWith(), clock)).isDone && runs < 20) runs += 1;
    expect(await readArchive()).toHaveLength(24);
  });

  it("applies retention once no step is left", async () => {
    await storeEvents(120);
    const retention = { ...EAGER.retention, eventsMicros: LATER - (MORNING + HOUR) };
    const io = ioWith({ settings: { ...EAGER, retention } });
    expect(await runCompaction(io, clock)).toMatchObject({ isDone: true });
    expect((await readArchive()).every(({ occurredAt }) => occurredAt >= MORNING + HOUR)).toBe(true);
    expect(await readArchive()).toHaveLength(60);
  });
});

describe("consumeCompaction", () => {
  async function consume(io = ioWith()) {
    const batch = createMessageBatch("the-eye-compaction", [
      { id: "m", timestamp: new Date(), attempts: 1, body: { v: 1 } },
    ]);
    const lines: Record<string, unknown>[] = [];
    let sent = 0;
    const log = (line: Record<string, unknown>) => void lines.push(line);
    const sendNext = async () => {
      sent += 1;
    };
    await consumeCompaction(batch, { ...io, log }, { clock, sendNext });
    const { ackAll, explicitAcks } = await getQueueResult(batch, createExecutionContext());
    return { lines, sent, isAcknowledged: ackAll || explicitAcks.includes("m") };
  }

  const isLeaseHeld = async () => !(await claimRun(first, LATER));

  it("logs what a run did, and releases the lease at the end", async () => {
    await storeEvents(60);
    await claimRun(first, LATER);
    const { lines, sent, isAcknowledged } = await consume();
    expect(lines).toEqual([
      expect.objectContaining({ log: "compaction", rows: 60, sealed: 1, archived: 1, dropped: 1, isDone: true }),
    ]);
    expect([sent, isAcknowledged]).toEqual([0, true]);
    expect(await isLeaseHeld()).toBe(false);
  });

  it("sends the next message and keeps the lease while work is left", async () => {
    await storeEvents(24, HOUR);
    await claimRun(first, LATER);
    const { lines, sent } = await consume();
    expect(lines).toEqual([expect.objectContaining({ steps: 60, isDone: false })]);
    expect(sent).toBe(1);
    expect(await isLeaseHeld()).toBe(true);
  });

  it("logs nothing if there was nothing to do", async () => {
    expect((await consume()).lines).toEqual([]);
  });

  it("acknowledges a run that failed and releases the lease, so that the cron starts a new chain", async () => {
    await storeEvents(60);
    await claimRun(first, LATER);
    const archive = Object.assign(Object.create(env.ARCHIVE), {
      put: () => Promise.reject(new Error("R2 is not available")),
    });
    const { lines, sent, isAcknowledged } = await consume(ioWith({ archive }));
    expect(lines).toEqual([{ log: "compaction", failure: expect.stringContaining("R2 is not available") }]);
    expect([sent, isAcknowledged]).toEqual([0, true]);
    expect(await isLeaseHeld()).toBe(false);
  });
});
