import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashOf, isEqual } from "../../../src/model/json/json-equality";
import { WorkMeter } from "../../../src/model/work-meter";
import { HashedValues, unmetered } from "../../../src/rules/json-schema/hashed-values";
import { payload } from "./arbitraries";

/** The same value with its members in reverse order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, held]) => [name, turned(held)]),
  );
}

describe("HashedValues", () => {
  it("finds its values, in any order of members", () => {
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 6 }), payload, (values, other) => {
        const hashed = new HashedValues(values, unmetered());
        for (const value of values) expect(hashed.has(turned(value), unmetered())).toBe(true);
        const isAmong = values.some((value) => isEqual(value, other, unmetered()));
        expect(hashed.has(other, unmetered())).toBe(isAmong);
      }),
      { seed: 12, numRuns: 300 },
    );
  });

  it("finds two equal values, wherever they are", () => {
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 6 }), (values) => {
        const twins = new HashedValues(values, unmetered()).findTwins(unmetered());
        const hasTwins = values.some((one, i) => values.slice(i + 1).some((other) => isEqual(one, other, unmetered())));
        expect(twins !== null).toBe(hasTwins);
        if (twins !== null) expect(isEqual(values[twins[0]], values[twins[1]], unmetered())).toBe(true);
      }),
      { seed: 12, numRuns: 300 },
    );
  });

  it.each([
    [1, true],
    [0, ""],
    [null, false],
    [[], {}],
    ['{"a":1}', { a: 1 }],
    [
      ["a", "b"],
      ["b", "a"],
    ],
    [{ a: 1 }, { b: 1 }],
  ])("distinguishes %j from %j", (one, other) => {
    expect(new HashedValues([one, other], unmetered()).findTwins(unmetered())).toBeNull();
  });

  it.each([
    [0, -0],
    [1, 1.0],
    [
      { a: 1, b: [2] },
      { b: [2], a: 1 },
    ],
  ])("treats %j and %j as equal", (one, other) => {
    expect(new HashedValues([one, other], unmetered()).findTwins(unmetered())).toEqual([0, 1]);
  });

  it("charges for each comparison of different values with the same hash", () => {
    // Below 512 levels every value has the same hash, so these collide.
    const collide = Array.from({ length: 40 }, (_, n) => JSON.parse(`${"[".repeat(513)}${n}${"]".repeat(513)}`));
    expect(new Set(collide.map((value) => hashOf(value, unmetered()))).size).toBe(1);
    const hashed = new HashedValues(collide, unmetered());
    expect(() => hashed.findTwins(new WorkMeter(50_000))).toThrow();
  });
});
