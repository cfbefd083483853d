import * as v from "valibot";
import { describe, expect, it } from "vitest";
import {
  ASSERTED_FORMATS,
  REFUSED_KEYWORDS,
  SCHEMA_ARRAY_KEYWORDS,
  SCHEMA_KEYWORDS,
  SCHEMA_MAP_KEYWORDS,
  VALUE_KEYWORDS,
} from "../../src/rules/schema-keywords";

describe("the value of a keyword", () => {
  it.each<[keyword: string, accepted: unknown[], refused: unknown[]]>([
    ["type", ["string", ["string", "null"]], ["text", [], ["string", "text"], null]],
    ["enum", [[], [1, null]], ["a", {}]],
    ["required", [[], ["a", "b"]], [["a", "a"], [1], "a"]],
    ["dependentRequired", [{ a: ["b"] }], [{ a: ["b", "b"] }, { a: "b" }, [], [["b"]]]],
    ["minimum", [-1.5, 0], ["0", Number.POSITIVE_INFINITY]],
    ["multipleOf", [0.01], [0, -1]],
    ["maxLength", [0, 2_000], [-1, 1.5, "1", 2 ** 53]],
    ["uniqueItems", [true, false], [1, "true"]],
    ["$anchor", ["a", "_a-1.b"], ["1a", "a b", "#a", ""]],
  ])("%s is checked", (keyword, accepted, refused) => {
    const schema = VALUE_KEYWORDS[keyword] ?? v.never();
    for (const value of accepted) expect(v.is(schema, value), JSON.stringify(value)).toBe(true);
    for (const value of refused) expect(v.is(schema, value), JSON.stringify(value)).toBe(false);
  });
});

describe("subschemas", () => {
  const all = { ...SCHEMA_KEYWORDS, ...SCHEMA_ARRAY_KEYWORDS, ...SCHEMA_MAP_KEYWORDS };

  it("of combinations and conditions validate the same value, and all others its members or items", () => {
    const inPlace = Object.keys(all).filter((keyword) => all[keyword]?.inPlace === true);
    expect(inPlace.toSorted()).toEqual(
      ["allOf", "anyOf", "dependentSchemas", "else", "if", "not", "oneOf", "then"].toSorted(),
    );
    expect(all).toMatchObject({ items: { inPlace: false }, properties: { inPlace: false }, $defs: { inPlace: false } });
  });

  it("no keyword has two kinds of value", () => {
    const names = [
      SCHEMA_KEYWORDS,
      SCHEMA_ARRAY_KEYWORDS,
      SCHEMA_MAP_KEYWORDS,
      VALUE_KEYWORDS,
      REFUSED_KEYWORDS,
    ].flatMap(Object.keys);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(ASSERTED_FORMATS).size).toBe(ASSERTED_FORMATS.length);
  });
});
