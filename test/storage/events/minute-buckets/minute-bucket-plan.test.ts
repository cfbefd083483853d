import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MINUTE_MICROS } from "../../../../src/model/time/units";
import { joinBuckets, planMinuteBucketScan } from "../../../../src/storage/events/minute-buckets/minute-bucket-plan";

const anyMinutes = fc
  .array(fc.record({ matching: fc.integer({ min: 1, max: 40 }), others: fc.integer({ min: 0, max: 200 }) }))
  .map((minutes) =>
    minutes.map(({ matching, others }, n) => ({
      start: n * MINUTE_MICROS,
      width: MINUTE_MICROS,
      matching,
      cost: matching + others,
    })),
  );

describe("planMinuteBucketScan", () => {
  it("takes minutes in order until they fill a page or the budget, and never more than two pages and a minute", () => {
    fc.assert(
      fc.property(anyMinutes, fc.integer({ min: 1, max: 50 }), fc.boolean(), (minutes, limit, startsWithin) => {
        const budget = 500;
        const plan = planMinuteBucketScan(minutes, { limit, budget, startsWithin });
        const taken = plan.last === null ? plan.whole : [...plan.whole, plan.last];
        expect(taken).toEqual(minutes.slice(0, taken.length));
        expect(plan.complete).toBe(taken.length === minutes.length);
        expect(taken.length).toBeGreaterThan(minutes.length === 0 ? -1 : 0);
        const held = plan.whole.reduce((sum, { matching }) => sum + matching, 0);
        expect(held).toBeLessThanOrEqual(2 * limit);
        const cost = taken.reduce((sum, minute) => sum + minute.cost, 0);
        if (taken.length > 1) expect(cost).toBeLessThanOrEqual(budget);
        const next = minutes[taken.length];
        if (plan.last === null && next !== undefined) expect(cost + next.cost).toBeGreaterThan(budget);
      }),
    );
  });
});

describe("joinBuckets", () => {
  it("joins adjacent buckets and keeps others separate", () => {
    const starts = [5, 1, 2, 0, 7].map((n) => ({ start: n * MINUTE_MICROS, width: MINUTE_MICROS }));
    expect(joinBuckets(starts).map(([from, to]) => [from / MINUTE_MICROS, to / MINUTE_MICROS])).toEqual([
      [0, 3],
      [5, 6],
      [7, 8],
    ]);
  });
});
