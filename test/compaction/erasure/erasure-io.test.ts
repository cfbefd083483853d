import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { erasureIoOf, TRANSACTIONS_PER_STEP } from "../../../src/compaction/erasure/erasure-io";
import { emptyEverything } from "../harness";

it("has the databases, the bucket and the limit of a step", () => {
  const log = () => {};
  const io = erasureIoOf(env, log);
  expect(io.databases.map(({ index }) => index)).toEqual([0, 1, 2]);
  expect(io.archive).toBe(env.ARCHIVE);
  expect(io.transactionsPerStep).toBe(TRANSACTIONS_PER_STEP);
  expect(io.log).toBe(log);
});

it("requests a step through the queue of erasures, after the delay", async () => {
  const sent: unknown[][] = [];
  const queue = { send: async (...call: unknown[]) => void sent.push(call) };
  const io = erasureIoOf(Object.assign({ ...env }, { ERASURES: queue as unknown as Queue }), () => {});
  await io.sendErasure({ v: 1, erasure: "id", step: 3 }, 60);
  expect(sent).toEqual([[{ v: 1, erasure: "id", step: 3 }, { delaySeconds: 60 }]]);
});

it("keeps tombstones in KV, where a restored database finds them", async () => {
  await emptyEverything();
  await erasureIoOf(env, () => {}).vault.putHead("7:mark");
  expect(await erasureIoOf(env, () => {}).vault.head()).toBe("7:mark");
});

it("reads the clock in microseconds", () => {
  const before = Date.now() * 1000;
  const now = erasureIoOf(env, () => {}).now();
  expect(now).toBeGreaterThanOrEqual(before);
  expect(now).toBeLessThanOrEqual(Date.now() * 1000);
});
