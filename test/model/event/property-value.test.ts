import { describe, expect, it } from "vitest";
import { matchesFilter, parseValueFilter, templated, valueText } from "../../../src/model/event/property-value";

describe("valueText", () => {
  it("formats scalars as JSON does and returns null for other values", () => {
    expect([200, 1.5, true, "x", "", null, undefined, {}, ["a"]].map(valueText)).toEqual([
      ...["200", "1.5", "true", "x", ""],
      ...[null, null, null, null],
    ]);
    expect(valueText("x".repeat(600))).toHaveLength(500);
  });
});

describe("templated", () => {
  it("replaces values that match with the template and keeps the others", () => {
    const apply = templated("/p/:id/a.b");
    expect(["/p/17/a.b", "/p/x y/a.b", "/p//a.b", "/p/17/axb", "/p/17/a.b/c", "/p/1/2/a.b"].map(apply)).toEqual([
      ...["/p/:id/a.b", "/p/:id/a.b"],
      ...["/p//a.b", "/p/17/axb", "/p/17/a.b/c", "/p/1/2/a.b"],
    ]);
    expect(templated(null)("/p/17")).toBe("/p/17");
  });
});

describe("value filters", () => {
  const passing = (filter: string[]) =>
    ["/", "/blog/", "/blog/a", "*", "not:x", null].filter((text) => matchesFilter(parseValueFilter(filter), text));

  it.each([
    [["/"], ["/"]],
    [
      ["/", "/blog/a"],
      ["/", "/blog/a"],
    ],
    [["/blog/*"], ["/blog/", "/blog/a"]],
    [["not:/"], ["/blog/", "/blog/a", "*", "not:x", null]],
    [["not:/*"], ["*", "not:x", null]],
    [["/blog/*", "not:/blog/a"], ["/blog/"]],
    [
      ["not:/", "not:/blog/*"],
      ["*", "not:x", null],
    ],
    [["*"], ["/", "/blog/", "/blog/a", "*", "not:x"]],
    [["\\*"], ["*"]],
    [["\\not:x"], ["not:x"]],
    [["not:\\*"], ["/", "/blog/", "/blog/a", "not:x", null]],
  ])("%j matches %j", (filter, expected) => {
    expect(passing(filter)).toEqual(expected);
  });
});
