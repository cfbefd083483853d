import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isNestedDeeper, nestingOf } from "../../../src/model/json/nesting";

describe("nestingOf", () => {
  it.each([
    ["1", 0],
    ['"[{"', 0],
    ["{}", 1],
    ['{"a":[{"b":"]]"}],"c":[[]]}', 3],
    ['["\\"[[[","\\\\",[1]]', 2],
    [`${"[".repeat(100_000)}${"]".repeat(100_000)}`, 100_000],
  ])("counts the levels of %s", (json, levels) => {
    expect(nestingOf(json)).toBe(levels);
  });

  it("equals a recursive count", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(nestingOf(JSON.stringify(value))).toBe(scan(value));
      }),
    );
  });
});

describe("isNestedDeeper", () => {
  it("agrees with the levels in the text", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 0, max: 5 }), (value, levels) => {
        const text = JSON.stringify(value);
        expect(isNestedDeeper(JSON.parse(text), levels)).toBe(nestingOf(text) > levels);
      }),
    );
  });

  it("accepts values nested too deeply for recursion", () => {
    const value: unknown = JSON.parse(`${'{"0":'.repeat(100_000)}0${"}".repeat(100_000)}`);
    expect(isNestedDeeper(value, 64)).toBe(true);
  });

  it("counts members named like those of every JavaScript object", () => {
    expect(isNestedDeeper(JSON.parse('{"__proto__":{"a":{}}}'), 2)).toBe(true);
  });
});

function scan(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(scan));
}
