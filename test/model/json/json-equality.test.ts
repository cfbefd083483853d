import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashOf, isEqual, MAX_COMPARED_LEVELS } from "../../../src/model/json/json-equality";
import { TooMuchWork, WorkMeter } from "../../../src/model/work-meter";

const unmetered = () => new WorkMeter(Number.MAX_SAFE_INTEGER);
const equal = (a: unknown, b: unknown) => isEqual(a, b, unmetered());

/** The same value with its members in reverse order. */
function rewritten(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rewritten);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([name, held]) => [name, rewritten(held)]));
}

describe("isEqual", () => {
  it.each<[unknown, unknown, boolean]>([
    [1, 1.0, true],
    [0, -0, true],
    [1, true, false],
    [0, "", false],
    [null, undefined, false],
    [[], {}, false],
    [[1, 2], [2, 1], false],
    [[1], [1, 2], false],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [{ a: 1 }, { b: 1 }, false],
    [{ a: undefined }, {}, false],
    [JSON.parse('{"__proto__":1}'), {}, false],
  ])("%j and %j: %s", (a, b, expected) => {
    expect([equal(a, b), equal(b, a)]).toEqual([expected, expected]);
  });

  it("charges for what it reads and stops at the limit", () => {
    const large = Array.from({ length: 1_000 }, (_, index) => index);
    expect(() => isEqual(large, [...large], new WorkMeter(100))).toThrow(TooMuchWork);
    const meter = new WorkMeter(10);
    expect(isEqual("x".repeat(1_000), "y", meter)).toBe(false);
    expect(meter.spent).toBe(1);
  });

  it("does not compare deeper than the stack allows", () => {
    const deep = () => JSON.parse(`${"[".repeat(MAX_COMPARED_LEVELS + 1)}${"]".repeat(MAX_COMPARED_LEVELS + 1)}`);
    expect(() => equal(deep(), deep())).toThrow(TooMuchWork);
  });
});

describe("hashOf", () => {
  it("is the same for equal values in any form", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(hashOf(rewritten(value), unmetered())).toBe(hashOf(value, unmetered()));
        expect(equal(rewritten(value), value)).toBe(true);
      }),
    );
  });

  it("distinguishes most values", () => {
    const hashes = Array.from({ length: 10_000 }, (_, index) => hashOf({ id: index, name: `n${index}` }, unmetered()));
    expect(new Set(hashes).size).toBeGreaterThan(9_990);
  });

  it("charges for the characters and members that it reads", () => {
    const spent = (value: unknown) => {
      const meter = unmetered();
      hashOf(value, meter);
      return meter.spent;
    };
    expect(spent("x".repeat(8_000))).toBeGreaterThan(900);
    expect(spent({ a: 1, b: 1 })).toBeGreaterThan(spent({ a: 1 }));
  });
});
