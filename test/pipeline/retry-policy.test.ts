import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { endsInvocations, mustRenew, redelivery, worst } from "../../src/pipeline/retry-policy";
import type { Failure } from "../../src/storage/core/transport-errors";

const DAY = 86_400;

const anyFailure = fc.constantFrom<Failure>("stale", "transient", "overloaded", "exhausted", "rejected");
const anyFraction = fc.double({ min: 0, max: 1, noNaN: true });
const anyWait = fc.record({ attempts: fc.integer({ min: 1, max: 1_000 }), ageSeconds: fc.nat({ max: 30 * DAY }) });

describe("redelivery", () => {
  it("waits a whole number of seconds from 0 to a quarter of an hour", () => {
    fc.assert(
      fc.property(anyFailure, anyWait, anyFraction, (failure, waited, random) => {
        const next = redelivery(failure, waited, random);
        if (next.kind !== "retry") return;
        expect(Number.isInteger(next.delaySeconds)).toBe(true);
        expect(next.delaySeconds).toBeGreaterThanOrEqual(0);
        expect(next.delaySeconds).toBeLessThanOrEqual(900);
      }),
    );
  });

  it("sends to the dead letters from the fifth rejection or the tenth exhaustion on, and never otherwise", () => {
    fc.assert(
      fc.property(anyFailure, anyWait, anyFraction, (failure, waited, random) => {
        const isLast =
          (failure === "rejected" && waited.attempts >= 5) || (failure === "exhausted" && waited.attempts >= 10);
        expect(redelivery(failure, waited, random).kind === "dead_letter").toBe(isLast);
      }),
    );
  });

  it("sends a waiting message again long before the platform deletes it, and never retries beyond that", () => {
    const kind = (attempts: number, ageSeconds: number) => redelivery("overloaded", { attempts, ageSeconds }, 1).kind;
    expect([kind(29, DAY - 1), kind(30, 0), kind(1, DAY), kind(99, 13 * DAY)]).toEqual([
      ...["retry", "renew"],
      ...["renew", "renew"],
    ]);
    expect(mustRenew({ attempts: 29, ageSeconds: DAY - 1 })).toBe(false);
  });

  it("recognises a message with too many attempts as one that crashed its invocations", () => {
    expect([1, 30, 33, 34, 99].map((attempts) => endsInvocations({ attempts }))).toEqual([
      ...[false, false, false],
      ...[true, true],
    ]);
  });

  it("waits four times as long for an overloaded database or a partition that is being closed", () => {
    const longest = (failure: Failure) =>
      [1, 2, 3, 4].map((attempts) => redelivery(failure, { attempts, ageSeconds: 0 }, 1));
    const waits = (seconds: number[]) => seconds.map((delaySeconds) => ({ kind: "retry", delaySeconds }));
    expect(longest("transient")).toEqual(waits([2, 4, 8, 16]));
    for (const failure of ["overloaded", "stale", "exhausted"] as const) {
      expect(longest(failure)).toEqual(waits([8, 16, 32, 64]));
    }
  });
});

describe("worst", () => {
  it("is the failure that needs the longest wait", () => {
    expect(worst(["rejected", "exhausted", "transient", "overloaded"])).toBe("overloaded");
    expect(worst(["rejected", "exhausted", "transient"])).toBe("transient");
    expect(worst(["rejected", "exhausted"])).toBe("exhausted");
    expect(worst(["rejected", "stale"])).toBe("overloaded");
    expect(worst(["rejected", "rejected"])).toBe("rejected");
  });
});
