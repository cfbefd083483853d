import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FunnelEvent, furthestPath } from "../../../../src/model/questions/sequences/funnel";

const SECOND = 1_000_000;

/** Few times, so that many events share one. */
const anyEvents = fc
  .array(fc.record({ after: fc.constantFrom(0, 0, 1, 2, 5), steps: fc.integer({ min: 1, max: 15 }) }), { maxLength: 9 })
  .map((parts) => {
    let at = 0;
    return parts.map(({ after, steps }, n): FunnelEvent => {
      at += after * SECOND;
      return { occurredAt: at, steps, group: `event ${n}` };
    });
  });

/** Tries every choice of events. */
function everyChoice(events: readonly FunnelEvent[], steps: number, within: number | null): number[][] {
  let choices: number[][] = [[]];
  const all: number[][] = [];
  for (let step = 0; step < steps; step++) {
    choices = choices.flatMap((choice) =>
      events.flatMap((event, place) => {
        const [first = place] = choice;
        const isLater = place > (choice.at(-1) ?? -1);
        const isInTime = within === null || event.occurredAt - (events[first]?.occurredAt ?? 0) <= within;
        return isLater && isInTime && (event.steps & (1 << step)) !== 0 ? [[...choice, place]] : [];
      }),
    );
    all.push(...choices);
  }
  return all;
}

/** The longest choice, then the one that ends first, starts last and continues soonest. */
function bestChoice(events: readonly FunnelEvent[], steps: number, within: number | null): number[] | null {
  const [best = null] = everyChoice(events, steps, within).sort((a, b) => {
    const middle = a.findIndex((place, n) => place !== b[n]);
    return (
      b.length - a.length ||
      (a.at(-1) ?? 0) - (b.at(-1) ?? 0) ||
      (b[0] ?? 0) - (a[0] ?? 0) ||
      (a[middle] ?? 0) - (b[middle] ?? 0)
    );
  });
  return best;
}

describe("furthestPath", () => {
  it("equals trying every choice", () => {
    fc.assert(
      fc.property(
        anyEvents,
        fc.integer({ min: 2, max: 4 }),
        fc.constantFrom(null, 0, SECOND, 3 * SECOND, 8 * SECOND),
        (events, steps, within) => {
          const best = bestChoice(events, steps, within);
          const path = furthestPath(events, steps, within);
          expect(path?.moments ?? null).toEqual(best?.map((place) => events[place]?.occurredAt) ?? null);
          expect(path?.group ?? null).toEqual(best === null ? null : (events[best[0] ?? 0]?.group ?? null));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("keeps the order of events with equal timestamps", () => {
    const at = (steps: number): FunnelEvent => ({ occurredAt: 7, steps, group: null });
    expect(furthestPath([at(1), at(2)], 2, 0)?.moments).toEqual([7, 7]);
    expect(furthestPath([at(2), at(1)], 2, null)?.moments).toEqual([7]);
  });

  it("uses one event for only one step", () => {
    expect(furthestPath([{ occurredAt: 0, steps: 3, group: null }], 2, null)?.moments).toEqual([0]);
  });

  it("reads a session of 100,000 events in linear time", () => {
    const events = Array.from({ length: 100_000 }, (_, n): FunnelEvent => ({ occurredAt: n, steps: 7, group: null }));
    const started = performance.now();
    expect(furthestPath(events, 8, 10)?.moments).toEqual([0, 1, 2]);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
