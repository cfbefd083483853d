import { describeMessages, describeVerdicts } from "../verdicts";

describeVerdicts([
  [
    "dependentRequired",
    { dependentRequired: { a: ["b", "c"] } },
    [{}, { b: 1 }, { a: 1, b: 1, c: 1 }],
    [{ a: 1 }, { a: 1, b: 1 }],
  ],
  ["propertyNames", { propertyNames: { pattern: "^[a-z]+$" } }, [{}, { a: 1 }, 7], [{ A: 1 }]],
  [
    "additionalProperties beside patterns",
    { properties: { a: {} }, patternProperties: { "^x": {} }, additionalProperties: false },
    [{ a: 1, x1: 1 }],
    [{ b: 1 }],
  ],
]);

describeMessages([
  [{ required: ["a"] }, {}, "", 'expected the member "a", found none'],
  [{ dependentRequired: { a: ["b"] } }, { a: 1 }, "", 'expected the member "b" beside "a", found none'],
  [{ additionalProperties: false }, { a: 1 }, "", 'expected no member "a"'],
  [{ minProperties: 1 }, {}, "", "expected at least 1 members, found 0"],
  [{ maxProperties: 0 }, { a: 1 }, "", "expected at most 0 members, found 1"],
  [{ propertyNames: { maxLength: 1 } }, { ab: 1 }, "", 'expected member names that fit, found "ab"'],
]);
