import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { END, type PathEvent, pathOf } from "../../../../src/model/questions/sequences/paths";

const anyEvents = fc.array(
  fc.record({ key: fc.constantFrom("a", "b", "c"), isStart: fc.boolean(), isEnd: fc.boolean() }),
  { maxLength: 8 },
);

/** A direct implementation, event by event. */
function naive(events: readonly PathEvent[], hasStart: boolean, hasEnd: boolean, depth: number): string[] | null {
  const keys: string[] = [];
  if (hasStart) {
    let isOn = false;
    let isDone = false;
    for (const event of events) {
      if (isDone) break;
      const wasOn = isOn;
      if (!isOn && event.isStart) isOn = true;
      if (isOn) keys.push(event.key);
      if (wasOn && hasEnd && event.isEnd) isDone = true;
    }
    if (!isOn || (hasEnd && !isDone)) return null;
  } else {
    const seen: string[] = [];
    let isDone = false;
    for (const event of events) {
      seen.unshift(event.key);
      if (event.isEnd) {
        isDone = true;
        break;
      }
    }
    if (!isDone) return null;
    keys.push(...seen);
  }
  const path = [...keys, END];
  return path.slice(0, depth + 1);
}

describe("pathOf", () => {
  it("equals a direct implementation: after, before and between", () => {
    fc.assert(
      fc.property(
        anyEvents,
        fc.constantFrom([true, false], [false, true], [true, true]),
        fc.integer({ min: 1, max: 6 }),
        (events, [hasStart = true, hasEnd = false], depth) => {
          expect(pathOf(events, { hasStart, hasEnd, depth })).toEqual(naive(events, hasStart, hasEnd, depth));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
