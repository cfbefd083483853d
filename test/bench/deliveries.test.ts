import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deliveriesOf } from "../../bench/cost/deliveries.ts";

const SETTINGS = { maxBatchSize: 100, maxBatchTimeoutMs: 2_000 };

function every(stepMs: number, count: number): { atMs: number }[] {
  return Array.from({ length: count }, (_, index) => ({ atMs: index * stepMs }));
}

describe("the batches of a queue", () => {
  it("close when they are full", () => {
    const deliveries = deliveriesOf(every(10, 250), SETTINGS);
    expect(deliveries.map(({ messages }) => messages.length)).toEqual([100, 100, 50]);
    expect(deliveries.map(({ atMs }) => atMs)).toEqual([990, 1_990, 4_000]);
  });

  it("close when their first message has waited for the timeout", () => {
    const deliveries = deliveriesOf(every(1_500, 4), SETTINGS);
    expect(deliveries).toEqual([
      { atMs: 2_000, messages: [{ atMs: 0 }, { atMs: 1_500 }] },
      { atMs: 5_000, messages: [{ atMs: 3_000 }, { atMs: 4_500 }] },
    ]);
  });

  it("contain every message once, in order, within both limits", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 300 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 20 }), (steps, maxBatchSize) => {
        let now = 0;
        const messages = steps.map((step) => {
          now += step;
          return { atMs: now };
        });
        const deliveries = deliveriesOf(messages, { ...SETTINGS, maxBatchSize });
        expect(deliveries.flatMap((delivery) => delivery.messages)).toEqual(messages);
        for (const { atMs, messages: own } of deliveries) {
          expect(own.length).toBeLessThanOrEqual(maxBatchSize);
          for (const message of own) {
            expect(atMs - message.atMs).toBeGreaterThanOrEqual(0);
            expect(atMs - message.atMs).toBeLessThanOrEqual(SETTINGS.maxBatchTimeoutMs);
          }
        }
      }),
    );
  });
});
