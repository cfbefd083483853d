import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonErrorIndex, lineAndColumn } from "../../../src/model/json/json-error";

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("jsonErrorIndex", () => {
  it.each([
    ["xyz", 0],
    ['{"a" 1}', 5],
    ['{"a":1', 6],
    ["{'a':1}", 1],
    ["[1,]", 3],
    ['{"a":1,}', 7],
    ["[1] 2", 4],
    ["[1 2]", 3],
    ["{]", 1],
    ["[}", 1],
    ['"a\u0001"', 2],
    ['"\\x"', 1],
    ['"open', 5],
    ["", 0],
    ["01", 1],
    ["[NaN]", 1],
    ["[tru]", 1],
  ])("finds the error in %j", (text, index) => {
    expect(jsonErrorIndex(text)).toBe(index);
  });

  it("returns the end of valid JSON", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(jsonErrorIndex(text)).toBe(text.length);
      }),
    );
  });

  it("returns an index before which the text is a prefix of valid JSON", () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.constantFrom("", "}", "]", ",", ":", '"', "x", "\\"), (text, at, junk) => {
        const index = at % (text.length + 1);
        const damaged = text.slice(0, index) + junk + text.slice(index + 1);
        fc.pre(!isJson(damaged));
        const found = jsonErrorIndex(damaged);
        expect(found).toBeGreaterThanOrEqual(0);
        expect(found).toBeLessThanOrEqual(damaged.length);
        // The same index is found whatever follows it.
        if (found < damaged.length) expect(jsonErrorIndex(damaged.slice(0, found + 1))).toBe(found);
      }),
      { numRuns: 500 },
    );
  });

  it("handles deep nesting", () => {
    expect(jsonErrorIndex("[".repeat(500_000))).toBe(500_000);
  });
});

describe("lineAndColumn", () => {
  it.each([
    [0, { line: 1, column: 1 }],
    [2, { line: 1, column: 3 }],
    [3, { line: 2, column: 1 }],
    [5, { line: 3, column: 1 }],
  ])("returns the line and column of index %d", (index, place) => {
    expect(lineAndColumn("ab\nc\nd", index)).toEqual(place);
  });
});
