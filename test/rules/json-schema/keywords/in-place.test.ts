// biome-ignore-all lint/suspicious/noThenProperty: it is a keyword of JSON Schema, and nothing here is awaited
import { describeMessages, describeVerdicts } from "../verdicts";

describeVerdicts([
  ["if then", { if: { required: ["a"] }, then: { required: ["b"] } }, [{}, { a: 1, b: 1 }], [{ a: 1 }]],
  ["if else", { if: { required: ["a"] }, else: { required: ["b"] } }, [{ a: 1 }, { b: 1 }], [{}]],
  ["then without if", { then: { required: ["b"] } }, [{}], []],
  ["dependentSchemas", { dependentSchemas: { a: { minProperties: 2 } } }, [{}, { b: 1 }, { a: 1, b: 1 }], [{ a: 1 }]],
  [
    "$ref beside others",
    { $defs: { n: { type: "number" } }, properties: { a: { $ref: "#/$defs/n", minimum: 2 } } },
    [{ a: 2 }],
    [{ a: 1 }, { a: "2" }],
  ],
  [
    "$ref to itself",
    { properties: { next: { $ref: "#" } }, required: ["id"] },
    [{ id: 1, next: { id: 2 } }],
    [{ id: 1, next: {} }],
  ],
  ["$anchor", { $defs: { n: { $anchor: "n", type: "number" } }, items: { $ref: "#n" } }, [[1]], [["1"]]],
  [
    "$ref with escapes",
    { $defs: { "a~b/c%d": { type: "null" } }, items: { $ref: "#/$defs/a~0b~1c%25d" } },
    [[null]],
    [[1]],
  ],
]);

describeMessages([
  [
    { anyOf: [{ required: ["a"] }, { required: ["b"] }] },
    {},
    "",
    "expected a value that fits one of the alternatives, found an object",
  ],
  [
    { oneOf: [{}, {}] },
    {},
    "",
    "expected a value that fits exactly one of the alternatives, found an object that fits 2",
  ],
  [{ not: {} }, {}, "", "expected a value that does not fit the schema in not, found an object"],
  [
    { $defs: { n: { type: "null" } }, properties: { a: { $ref: "#/$defs/n" } } },
    { a: 1 },
    "/a",
    "expected null, found 1",
  ],
]);
