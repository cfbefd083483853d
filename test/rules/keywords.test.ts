// biome-ignore-all lint/suspicious/noThenProperty: it is a keyword of JSON Schema, and nothing here is awaited
import { describe, expect, it } from "vitest";
import { compileSchema } from "../../src/rules/compile-schema";
import { readSchema } from "../../src/rules/read-schema";
import { ASSERTED_FORMATS } from "../../src/rules/schema-keywords";

/** What draft 2020-12 changed or added since draft 4: a schema, payloads that fit it, and payloads that do not. */
const CASES: [string, unknown, unknown[], unknown[]][] = [
  ["true", true, [1, null, {}], []],
  ["false", false, [], [1, null, {}]],
  ["const", { const: { a: [1, null] } }, [{ a: [1, null] }], [{ a: [1] }, null, [1]]],
  ["const null", { const: null }, [null], [0, false, ""]],
  ["const 0 is not false", { const: 0 }, [0, -0], [false, ""]],
  ["enum with null and objects", { enum: [null, { a: 1 }, 2] }, [null, { a: 1 }, 2], [{ a: 2 }, 1, "2"]],
  ["integer of 1.0", { type: "integer" }, [1, JSON.parse("1.0"), 1e3], [1.5, "1"]],
  ["exclusiveMinimum", { exclusiveMinimum: 1 }, [1.1, "1"], [1, 0]],
  ["exclusiveMaximum", { exclusiveMaximum: 1 }, [0.9], [1, 2]],
  ["multipleOf a small fraction", { multipleOf: 0.0001 }, [0.0075, 1], [0.00751]],
  ["contains", { contains: { minimum: 5 } }, [[1, 5], "x"], [[], [1, 2]]],
  [
    "minContains",
    { contains: { const: 1 }, minContains: 2 },
    [
      [1, 1],
      [1, 2, 1],
    ],
    [[1], [2, 2]],
  ],
  ["minContains 0", { contains: { const: 1 }, minContains: 0 }, [[], [2], [1]], []],
  ["maxContains", { contains: { const: 1 }, maxContains: 1 }, [[1], [1, 2]], [[1, 1], []]],
  [
    "prefixItems",
    { prefixItems: [{ type: "number" }, { type: "string" }] },
    [[1, "a"], [1], [], [1, "a", 7]],
    [["a"], [1, 2]],
  ],
  ["items after prefixItems", { prefixItems: [{}], items: { type: "number" } }, [["a", 1], ["a"]], [["a", "b"]]],
  ["items false", { prefixItems: [{}], items: false }, [[1], []], [[1, 2]]],
  ["if then", { if: { required: ["a"] }, then: { required: ["b"] } }, [{}, { a: 1, b: 1 }], [{ a: 1 }]],
  ["if else", { if: { required: ["a"] }, else: { required: ["b"] } }, [{ a: 1 }, { b: 1 }], [{}]],
  ["then without if", { then: { required: ["b"] } }, [{}], []],
  [
    "dependentRequired",
    { dependentRequired: { a: ["b", "c"] } },
    [{}, { b: 1 }, { a: 1, b: 1, c: 1 }],
    [{ a: 1 }, { a: 1, b: 1 }],
  ],
  ["dependentSchemas", { dependentSchemas: { a: { minProperties: 2 } } }, [{}, { b: 1 }, { a: 1, b: 1 }], [{ a: 1 }]],
  ["propertyNames", { propertyNames: { pattern: "^[a-z]+$" } }, [{}, { a: 1 }, 7], [{ A: 1 }]],
  [
    "additionalProperties beside patterns",
    { properties: { a: {} }, patternProperties: { "^x": {} }, additionalProperties: false },
    [{ a: 1, x1: 1 }],
    [{ b: 1 }],
  ],
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
  ["unevaluatedItems", { prefixItems: [{}], unevaluatedItems: false }, [[], [1]], [[1, 2]]],
  ["unevaluatedItems with contains", { contains: { const: 1 }, unevaluatedItems: false }, [[1, 1]], [[1, 2]]],
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
  ["$comment and title", { $comment: "c", title: 7, default: 1 }, [{}, 1], []],
  ["length in code points", { minLength: 2, maxLength: 2 }, ["ab", "💩💩"], ["💩", "abc"]],
  ["pattern is not anchored", { pattern: "a" }, ["xay", 7], ["xy"]],
  ["pattern with Unicode classes", { pattern: "^\\p{Letter}+$" }, ["é"], ["1"]],
  [
    "uniqueItems of objects",
    { uniqueItems: true },
    [
      [{ a: 1 }, { a: 2 }],
      [1, true],
      [[1], [true]],
    ],
    [
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      [null, null],
    ],
  ],
  ["format is asserted", { format: "date" }, ["2026-02-28", 7, null], ["2026-02-30", ""]],
  ["an unknown format is an annotation", { format: "colour" }, ["anything"], []],
];

describe.each(CASES)("%s", (_, schema, fitting, failing) => {
  const read = readSchema(schema);
  if (!read.ok) throw new Error(`${read.fault.path}: ${read.fault.reason}`);
  const check = compileSchema(read.schema);

  it.each(fitting.map((data) => [data]))("fits %j", (data) => {
    expect(check(data)).toEqual([]);
  });

  it.each(failing.map((data) => [data]))("does not fit %j", (data) => {
    expect(check(data)).not.toEqual([]);
  });
});

describe("a format", () => {
  const samples: Record<string, [string, string]> = {
    date: ["2024-02-29", "2023-02-29"],
    time: ["23:59:59Z", "24:00:00Z"],
    "date-time": ["2026-01-01T00:00:00.5+02:00", "2026-01-01"],
    duration: ["P1DT12H", "P"],
    email: ["joe@example.com", "joe@"],
    hostname: ["www.example.com", "-x.example"],
    ipv4: ["127.0.0.1", "256.0.0.1"],
    ipv6: ["::1", ":1"],
    uri: ["https://example.com/a?b#c", "/a"],
    "uri-reference": ["/a", "\\\\x"],
    uuid: ["e2085be5-9137-4e4e-80b5-f1ffddc25423", "e2085be5"],
    "json-pointer": ["/a/~0", "/~2"],
    "relative-json-pointer": ["1/a", "-1"],
  };

  it.each(ASSERTED_FORMATS)("%s is asserted, and fast with texts made to be slow", (format) => {
    const [fits, fails] = samples[format] ?? ["", ""];
    const check = compileSchema({ format });
    expect([check(fits), check(fails).length]).toEqual([[], 1]);
    for (const pump of ["a", "a.", "1", ":", "%41", "/a", "a@", "P1", "1:", "-", "http://a", "[", "~0/"]) {
      const started = performance.now();
      for (const start of ["", fits]) check(`${start}${pump.repeat(32_768 / pump.length)}\n`);
      expect(performance.now() - started).toBeLessThan(1_000);
    }
  });
});
