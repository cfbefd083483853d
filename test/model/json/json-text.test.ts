import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonText } from "../../../src/model/json/json-text";

describe("jsonText", () => {
  it("equals JSON.stringify", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(jsonText(value)).toBe(JSON.stringify(value));
      }),
    );
  });

  it("writes the same text if JSON.stringify overflows the stack", () => {
    const deep = (levels: number, beside: unknown): unknown =>
      JSON.parse(`{"0":${JSON.stringify(beside)},"deep":${'{"0":['.repeat(levels)}"\\ud800"${"]}".repeat(levels)}}`);
    expect(() => JSON.stringify(deep(100_000, 1))).toThrow(RangeError);
    fc.assert(
      fc.property(fc.jsonValue(), (beside) => {
        const text = jsonText(deep(20_000, beside));
        expect(text.slice(0, 100)).toBe(JSON.stringify(deep(100, beside)).slice(0, 100));
        expect(text.endsWith(`"\\ud800"${"]}".repeat(20_000)}}`)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});
