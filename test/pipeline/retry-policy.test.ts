import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redelivery, worst } from "../../src/pipeline/retry-policy";
import type { Failure } from "../../src/storage/core/transport-errors";

const anyFailure = fc.constantFrom<Failure>("stale", "transient", "overloaded", "rejected");
const anyFraction = fc.double({ min: 0, max: 1, noNaN: true });

describe("redelivery", () => {
  it("waits a whole number of seconds from 0 to a quarter of an hour", () => {
    fc.assert(
      fc.property(anyFailure, fc.integer({ min: 1, max: 1_000 }), anyFraction, (failure, attempts, random) => {
        const next = redelivery(failure, attempts, random);
        if (next.kind === "dead_letter") return;
        expect(Number.isInteger(next.delaySeconds)).toBe(true);
        expect(next.delaySeconds).toBeGreaterThanOrEqual(0);
        expect(next.delaySeconds).toBeLessThanOrEqual(900);
      }),
    );
  });

  it("goes to the dead letters from the fifth rejection on, and never for anything else", () => {
    fc.assert(
      fc.property(anyFailure, fc.integer({ min: 1, max: 100 }), anyFraction, (failure, attempts, random) => {
        expect(redelivery(failure, attempts, random).kind === "dead_letter").toBe(
          failure === "rejected" && attempts >= 5,
        );
      }),
    );
  });

  it("leaves an overloaded database, and one whose partition is being closed, alone four times as long", () => {
    const longest = (failure: Failure) => [1, 2, 3, 4].map((attempts) => redelivery(failure, attempts, 1));
    const waits = (seconds: number[]) => seconds.map((delaySeconds) => ({ kind: "retry", delaySeconds }));
    expect(longest("transient")).toEqual(waits([2, 4, 8, 16]));
    expect(longest("overloaded")).toEqual(waits([8, 16, 32, 64]));
    expect(longest("stale")).toEqual(waits([8, 16, 32, 64]));
  });
});

describe("worst", () => {
  it("is the failure that asks for the longest patience", () => {
    expect(worst(["rejected", "transient", "overloaded"])).toBe("overloaded");
    expect(worst(["rejected", "transient"])).toBe("transient");
    expect(worst(["rejected", "stale"])).toBe("overloaded");
    expect(worst(["rejected", "rejected"])).toBe("rejected");
  });
});
