import fc from "fast-check";
import { expect, it } from "vitest";
import { createReceiptClock } from "../../src/ingest/receipt-clock";

it("starts at the edge's milliseconds", () => {
  expect(createReceiptClock(() => 1_609_492_527_243)(1)).toBe(1_609_492_527_243_000);
});

it("gives every event a later time than the one before, whatever the clock does", () => {
  const request = fc.record({ now: fc.nat(50), events: fc.integer({ min: 1, max: 500 }) });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 100 }), (requests) => {
      let now = 0;
      const clock = createReceiptClock(() => now);
      let free = 0;
      for (const { now: moment, events } of requests) {
        now = moment;
        const first = clock(events);
        expect(first).toBeGreaterThanOrEqual(free);
        expect(first).toBeGreaterThanOrEqual(moment * 1000);
        free = first + events;
      }
    }),
  );
});
