import { beforeEach, describe, expect, it } from "vitest";
import { MAX_MESSAGE_BYTES } from "../../../src/model/limits";
import { consume } from "../../../src/pipeline/consumer";
import type { Pipeline } from "../../../src/pipeline/process-batch";
import type { Write } from "../../../src/pipeline/write-groups";
import { NO_RULES } from "../../../src/rules/rules";
import { writeBatch } from "../../../src/storage/write/write-batch";
import { expectExactCounts } from "../../storage/counts-beside-events";
import { beginAnew, deliver } from "../delivering";
import { allEvents, alwaysInForce, batchOf, databases, envelopeOf, eventOf, pipelineWith } from "../harness";
import { RECEIVED_AT } from "../sample-events";

beforeEach(beginAnew);

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
    await expectExactCounts(databases);
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
