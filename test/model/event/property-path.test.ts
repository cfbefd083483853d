import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPropertyPath, jsonPathOf, parsePropertyPath } from "../../../src/model/event/property-path";

describe("property paths", () => {
  it.each([
    ["path", ["path"]],
    ["form.first_name", ["form", "first_name"]],
    ['"a.b".c', ["a.b", "c"]],
    ["größe.€", ["größe", "€"]],
    ["data", ["data"]],
    ['"data".price', ["data", "price"]],
    ["order.data.price", ["order", "data", "price"]],
  ])("reads %s", (text, keys) => {
    expect(parsePropertyPath(text)).toEqual(keys);
    expect(formatPropertyPath(keys)).toBe(text);
  });

  it.each([
    "",
    ".",
    "data.price",
    "data.",
    "a.",
    ".a",
    "a..b",
    'a"b',
    '"a',
    'a"b".c',
    "a\\b",
    "a\nb",
    "a.b.c.d.e.f.g.h.i",
    "x".repeat(201),
  ])("refuses %j", (text) => {
    expect(parsePropertyPath(text)).toBeNull();
  });

  it("formats every path that it parses in one form", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 5 }), (keys) => {
        const text = formatPropertyPath(keys);
        if (text === null) expect(keys.some((key) => /["\\\p{Cc}]/u.test(key) || !key.isWellFormed())).toBe(true);
        else expect(parsePropertyPath(text)).toEqual(keys);
      }),
    );
  });

  it("converts a path to SQLite's syntax", () => {
    expect(jsonPathOf(["a.b", "c"])).toBe('$."a.b"."c"');
  });
});
