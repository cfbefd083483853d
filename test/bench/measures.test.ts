import { describe, expect, it } from "vitest";
import { longestLag, median, percentile, roundOf } from "../../bench/throughput/measures.ts";

describe("the longest lag", () => {
  it("is the lag of the event that waited longest", () => {
    const acceptedAt = [0, 10, 20, 30];
    const progress = [
      { at: 15, readable: 1 },
      { at: 100, readable: 3 },
      { at: 110, readable: 4 },
    ];
    // The second request was answered at 10 and was readable at 100 at the latest.
    expect(longestLag(acceptedAt, 1, progress)).toBe(90);
  });

  it("treats the events of a request together", () => {
    const progress = [
      { at: 50, readable: 10 },
      { at: 80, readable: 20 },
    ];
    expect(longestLag([0, 40], 10, progress)).toBe(50);
  });

  it("is zero if an event could be read before its request was answered", () => {
    expect(longestLag([100], 1, [{ at: 90, readable: 1 }])).toBe(0);
  });
});

it("finds medians and percentiles", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(percentile([1, 2, 3, 4], 0.99)).toBe(4);
  expect(percentile([], 0.5)).toBeNaN();
});

it("measures speed to the last readable event", () => {
  const load = { startedAt: 0, endedAt: 500, refused: 0, latencies: [1, 2, 3, 4], acceptedAt: [1, 2, 3, 4] };
  const round = roundOf(load, 10, 20, [{ at: 1_000, readable: 40 }]);
  expect(round.requestsPerSecond).toBe(8);
  expect(round.readable?.eventsPerSecond).toBe(40);
  expect(round.cpuMsPer1000Events).toBe(500);
});
