import canonicalize from "canonicalize";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalText } from "../../../src/model/json/canonical-text";

describe("canonicalText", () => {
  it("follows RFC 8785, whether or not the members are in order", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const parsed: unknown = JSON.parse(JSON.stringify(value));
        expect(canonicalText(parsed)).toBe(canonicalize(parsed));
      }),
    );
  });

  it.each([
    '{"b":1,"a":2}',
    '{"a":{"b":1,"a":2},"b":[{"z":1,"y":2}]}',
    '{"10":1,"9":2}',
    '{"":0,"\\u20ac":1,"\\ud83d\\ude00":2,"\\ufb33":3}',
    '{"a":-0,"b":1e21,"c":1E-7,"d":"\\u007f\\u2028"}',
    '{"__proto__":{"b":1,"a":2},"a":1}',
    "[]",
  ])("writes %s as the library does", (text) => {
    expect(canonicalText(JSON.parse(text))).toBe(canonicalize(JSON.parse(text)));
  });

  it.each([
    ['{"a":1e400,"b":-1e400}', '{"a":null,"b":null}'],
    ['{"b":[-1e400],"a":{"d":1,"c":1e999}}', '{"a":{"c":null,"d":1},"b":[null]}'],
    [`{"b":1${"0".repeat(400)},"a":0}`, '{"a":0,"b":null}'],
  ])("writes a number beyond the range of a double as null, in any order of members: %s", (text, expected) => {
    expect(canonicalText(JSON.parse(text))).toBe(expected);
  });

  it("accepts values nested too deeply for recursion", () => {
    const text = `${'{"b":0,"a":'.repeat(5_000)}0${"}".repeat(5_000)}`;
    expect(canonicalText(JSON.parse(text))).toBe(text);
  });
});
