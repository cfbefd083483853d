import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nestingOf } from "../../src/model/nesting";

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

  it("equals a walk over the value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(nestingOf(JSON.stringify(value))).toBe(walk(value));
      }),
    );
  });
});

function walk(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(walk));
}
