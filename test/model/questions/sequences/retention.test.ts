import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type RetentionEvent, retainedBy } from "../../../../src/model/questions/sequences/retention";

const starts = [10, 20, 30, 50];

const anyEvents = fc
  .array(fc.record({ occurredAt: fc.integer({ min: 5, max: 55 }), isFirst: fc.boolean(), isReturn: fc.boolean() }), {
    maxLength: 8,
  })
  .map((events) => events.sort((a, b) => a.occurredAt - b.occurredAt));

function naive(events: readonly RetentionEvent[]): { cohort: number; returned: number[] } | null {
  const periods = [0, 1, 2];
  const isIn = (period: number, { occurredAt }: RetentionEvent) =>
    occurredAt >= (starts[period] ?? 0) && occurredAt < (starts[period + 1] ?? 0);
  const inRange = events.filter((event) => periods.some((period) => isIn(period, event)));
  const first = inRange.findIndex(({ isFirst }) => isFirst);
  if (first === -1) return null;
  const beginning = inRange[first];
  const cohort = periods.find((period) => beginning !== undefined && isIn(period, beginning)) ?? -1;
  const later = inRange.slice(first).filter(({ isReturn }) => isReturn);
  return {
    cohort,
    returned: periods.filter((period) => later.some((event) => isIn(period, event))).map((period) => period - cohort),
  };
}

describe("retainedBy", () => {
  it("equals a separate search for the cohort and each period", () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        expect(retainedBy(events, starts)).toEqual(naive(events));
      }),
      { numRuns: 2_000 },
    );
  });
});
