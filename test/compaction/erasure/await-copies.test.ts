import { beforeEach, describe, expect, it } from "vitest";
import { beginErasure } from "../../../src/compaction/erasure/begin-erasure";
import { runErasureStep } from "../../../src/compaction/erasure/erasure-step";
import type { ErasureMessage } from "../../../src/model/erasure";
import type { Micros } from "../../../src/model/time/time";
import { firstDatabase } from "../../../src/storage/core/databases";
import { loadErasure, stalledErasures } from "../../../src/storage/erasures/erasure-records";
import { readRemainders, recordRemainder } from "../../../src/storage/erasures/scrub/erased-remainders";
import { DAY, eventRow, HOUR, MINUTE, MORNING, partitionsOf, store } from "../../storage/seed";
import { compactAll, databases, EAGER, emptyEverything, ioWith } from "../harness";
import { erasureIo } from "./erasure-harness";

beforeEach(emptyEverything);

const first = firstDatabase(databases);
const SETTINGS = { ...EAGER, hotMicros: 30 * DAY, graceMicros: 10 * MINUTE };
const pending: ErasureMessage[] = [];
let now: Micros = 0;

const io = erasureIo({
  ...{ futureToleranceMicros: 5 * MINUTE, now: () => now },
  sendErasure: async (message) => void pending.push(message),
});

async function begin(isThorough = true): Promise<string> {
  const id = crypto.randomUUID();
  await beginErasure(io, { kind: "session", id: "erased" }, { id, now, requestedBy: null, isThorough });
  pending.push({ v: 1, erasure: id, step: 0 });
  return id;
}

/** Runs all steps that are requested. */
async function run(): Promise<void> {
  for (let message = pending.shift(); message !== undefined; message = pending.shift()) {
    await runErasureStep(message, io);
  }
}

/** Lets the cron look again. */
async function look(): Promise<void> {
  const since = { since: 0, copiesSince: now + 1 };
  for (const { id, step } of await stalledErasures(first, since)) pending.push({ v: 1, erasure: id, step });
  await run();
}

const statusOf = async (id: string) => (await loadErasure(first, id))?.status;
const compact = () => compactAll(ioWith({ settings: SETTINGS }), now);

/** A partition in whose table copies may remain since an earlier erasure of the session. */
async function partitionWithCopies(width: Micros) {
  await store(databases, { events: [eventRow({ session: "erased" }), eventRow({ session: "other" })] }, width);
  await first.binding.prepare("UPDATE partitions SET created_at = from_us").run();
  const [partition] = (await partitionsOf(databases).latest()).partitions;
  if (partition === undefined) throw new Error("there is no partition");
  const plain = await begin(false);
  await run();
  expect(await statusOf(plain)).toBe("done");
  // As if the table were large: a small one was written again whole.
  for (const { binding } of databases) await recordRemainder(binding, `events_${partition.id}`, MORNING).run();
  return partition;
}

describe("a thorough erasure", () => {
  it("is done once the partitions with copies left the databases, whichever erasure left them", async () => {
    now = MORNING + 30 * MINUTE;
    const { id: partition, to } = await partitionWithCopies(HOUR);
    // The session has no rows any more.
    const thorough = await begin();
    await run();
    expect(await loadErasure(first, thorough)).toMatchObject({ status: "running", events: 0 });
    const { step } = (await loadErasure(first, thorough)) ?? {};
    now = to + 9 * MINUTE;
    expect(await compact()).toEqual([]);
    await look();
    expect(await loadErasure(first, thorough)).toMatchObject({ status: "running", step, updatedAt: now });
    now = to + 10 * MINUTE;
    expect(await compact()).toEqual([{ did: "sealed", partition, rows: 0 }]);
    now = to + 20 * MINUTE;
    const steps = await compact();
    expect(steps.map(({ did }) => did)).toEqual(expect.arrayContaining(["archived", "dropped"]));
    expect(steps.at(-1)).toEqual({ did: "scrubbed", partition, rows: 0 });
    await look();
    expect(await statusOf(thorough)).toBe("done");
    expect(await readRemainders(first)).toEqual([]);
    expect(await io.vault.subject(thorough)).toBeNull();
  });

  it("does not wait for what other erasures leave later, nor for the errors", async () => {
    now = MORNING + 30 * MINUTE;
    const { id, to } = await partitionWithCopies(HOUR);
    await recordRemainder(first.binding, "errors", MORNING).run();
    const thorough = await begin();
    await run();
    for (const { binding } of databases) {
      await binding.prepare("DELETE FROM erased_remainders WHERE table_name = ?1").bind(`events_${id}`).run();
    }
    now = to;
    await recordRemainder(first.binding, `events_${id}`, now).run();
    await look();
    expect(await statusOf(thorough)).toBe("done");
  });

  it("ends the present partition early, once it has lasted a day", async () => {
    now = MORNING + 30 * MINUTE;
    const { id, from } = await partitionWithCopies(28 * DAY);
    const end = async () => (await partitionsOf(databases).latest()).partitions.find((one) => one.id === id)?.to;
    await begin();
    await run();
    expect(await end()).toBe(Math.max(from + DAY, MORNING + 45 * MINUTE));
    const ended = await end();
    now += 5 * MINUTE;
    await look();
    expect(await end()).toBe(ended);
  });

  it("leaves a partition alone in which no copies remain", async () => {
    now = MORNING + 30 * MINUTE;
    const { id, to } = await partitionWithCopies(28 * DAY);
    for (const { binding } of databases) {
      await binding.prepare("UPDATE erased_remainders SET table_name = 'events_4711l'").run();
    }
    await begin();
    await run();
    expect((await partitionsOf(databases).latest()).partitions.find((one) => one.id === id)?.to).toBe(to);
  });
});
