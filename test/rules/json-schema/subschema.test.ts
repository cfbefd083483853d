// biome-ignore-all lint/suspicious/noThenProperty: it is a keyword of JSON Schema, and nothing here is awaited
import { describeVerdicts } from "./verdicts";

describeVerdicts([
  ["true", true, [1, null, {}], []],
  ["false", false, [], [1, null, {}]],
  [
    "unevaluatedProperties",
    { allOf: [{ properties: { a: {} } }], unevaluatedProperties: false },
    [{}, { a: 1 }],
    [{ b: 1 }],
  ],
  [
    "unevaluatedProperties through $ref",
    { $defs: { a: { properties: { a: {} } } }, $ref: "#/$defs/a", unevaluatedProperties: false },
    [{ a: 1 }],
    [{ a: 1, b: 1 }],
  ],
  [
    "unevaluatedProperties through anyOf",
    {
      anyOf: [
        { properties: { a: { const: 1 } }, required: ["a"] },
        { properties: { b: {} }, required: ["b"] },
      ],
      unevaluatedProperties: false,
    },
    [{ a: 1 }, { b: 1 }],
    [
      { a: 2, b: 1 },
      { a: 1, c: 1 },
    ],
  ],
  [
    "unevaluatedProperties through if",
    {
      if: { properties: { a: { const: 1 } }, required: ["a"] },
      then: { properties: { b: {} } },
      unevaluatedProperties: false,
    },
    [{ a: 1, b: 1 }],
    [{ a: 2 }, { b: 1 }],
  ],
  ["$comment and title", { $comment: "c", title: 7, default: 1 }, [{}, 1], []],
]);
