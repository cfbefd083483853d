import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WorkMeter } from "../../../src/model/work-meter";
import { compileSchema } from "../../../src/rules/compile-schema";
import { readSchema } from "../../../src/rules/read-schema";
import { MAX_VALIDATION_WORK } from "../../../src/rules/schema-limits";
import { payload, schemaArbitrary } from "./arbitraries";

/**
 * The limit on the work of one event, in counts, since clocks differ between machines. 50,000 units took at most 1.8 ms
 * on two shared cores of 2026 once V8 had compiled the code, and up to 60 ms for the first payload of an isolate. The
 * slowest of each kind: `additionalProperties` 240 times over 4,000 members, alternatives beneath
 * `unevaluatedProperties`, `contains` over 16,000 items, `enum` of large objects, `multipleOf` of 1e300.
 */

/** A payload that counts its reads: members, items and lists of names. */
function counted(value: unknown, reads: { count: number }): unknown {
  if (typeof value !== "object" || value === null) return value;
  const target: object = Array.isArray(value)
    ? value.map((item: unknown) => counted(item, reads))
    : Object.fromEntries(Object.entries(value).map(([name, held]) => [name, counted(held, reads)]));
  const read = () => {
    reads.count += 1;
  };
  return new Proxy(target, {
    get(on, name) {
      if (typeof name === "string" && name !== "length") read();
      const held: unknown = Reflect.get(on, name);
      return held;
    },
    ownKeys(on) {
      read();
      return Reflect.ownKeys(on);
    },
    getOwnPropertyDescriptor(on, name) {
      read();
      return Reflect.getOwnPropertyDescriptor(on, name);
    },
  });
}

/** Reads of the payload that one unit may cover: a name in a list, found and looked up. */
const READS_PER_UNIT = 4;

function spend(schema: unknown, data: unknown): { spent: number; reads: number; keywords: string[] } {
  const read = readSchema(schema);
  if (!read.ok) throw new Error(`${read.fault.path}: ${read.fault.reason}`);
  const meter = new WorkMeter(MAX_VALIDATION_WORK);
  const reads = { count: 0 };
  const failings = compileSchema(read.schema)(counted(data, reads), meter);
  // The payload itself takes the same work, each time.
  const again = new WorkMeter(MAX_VALIDATION_WORK);
  expect(compileSchema(read.schema)(data, again)).toEqual(failings);
  expect(again.spent).toBe(meter.spent);
  return { spent: meter.spent, reads: reads.count, keywords: failings.map(({ keyword }) => keyword) };
}

/** The number of items that fit in 32 KB of JSON. */
function items(make: (index: number) => unknown): unknown[] {
  const made: unknown[] = [];
  for (let bytes = 2; ; ) {
    const item = make(made.length);
    bytes += JSON.stringify(item).length + 1;
    if (bytes > 32_000) return made;
    made.push(item);
  }
}

/** The number of members that fit in 32 KB of JSON. */
function members(nameOf: (index: number) => string): Record<string, unknown> {
  return Object.fromEntries(items((index) => [nameOf(index), 0]).map((_, index) => [nameOf(index), 0]));
}

const times = <Value>(count: number, make: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index));
const short = (index: number) => (index + 36).toString(36);
const nested = (levels: number): unknown => JSON.parse(`${'{"a":'.repeat(levels)}{}${"}".repeat(levels)}`);
const recursive = (schema: object) => ({ $defs: { t: schema }, $ref: "#/$defs/t" });
const deeper = { properties: { a: { $ref: "#/$defs/t" } } };
const everyName = { patternProperties: { "^.": true } };

describe("schemas and payloads made to be slow", () => {
  it.each<[string, unknown, unknown]>([
    ["uniqueItems of deep objects", { uniqueItems: true }, items((j) => ({ a: { b: { c: { d: j } } } }))],
    ["uniqueItems of numbers", { uniqueItems: true }, items((j) => j)],
    ["uniqueItems of long texts", { uniqueItems: true }, items((j) => `${"x".repeat(500)}${j}`)],
    [
      "uniqueItems at every level",
      recursive({ uniqueItems: true, items: { $ref: "#/$defs/t" } }),
      items((j) => [[[j]]]),
    ],
    ["$ref to itself, twice, failing", recursive({ allOf: [deeper, deeper], required: ["z"] }), nested(60)],
    ["anyOf, a tree", recursive({ anyOf: [{ allOf: [deeper], required: ["z"] }, deeper] }), nested(60)],
    ["oneOf, a tree", recursive({ oneOf: [deeper, { allOf: [deeper], required: ["z"] }] }), nested(60)],
    ["not, a tree", recursive({ not: { not: { allOf: [deeper, deeper] } } }), nested(60)],
    [
      "patternProperties, 100",
      { patternProperties: Object.fromEntries(times(100, (n) => [`^[a-z]*${n}x`, true])) },
      members(short),
    ],
    [
      "propertyNames, 20 alternatives",
      { propertyNames: { anyOf: times(20, (n) => ({ const: `n${n}` })) } },
      members(short),
    ],
    ["names like indexes", { propertyNames: { maxLength: 5 } }, members((n) => String((n * 7919) % 1_000_003))],
    ["contains, 50 times", { allOf: times(50, () => ({ contains: { type: "string" } })) }, items(() => 1)],
    ["minContains", { contains: { required: ["a", "b"] }, minContains: 5_000 }, items(() => ({}))],
    [
      "dependentSchemas, 200",
      { dependentSchemas: Object.fromEntries(times(200, (n) => [short(n), { minProperties: 1 }])) },
      members(short),
    ],
    ["dependentRequired", { items: { dependentRequired: { a: times(900, (n) => `m${n}`) } } }, items(() => ({ a: 0 }))],
    [
      "unevaluatedProperties, 50 alternatives",
      { anyOf: times(50, () => everyName), unevaluatedProperties: false },
      members(short),
    ],
    [
      "unevaluatedItems, 50 alternatives",
      { oneOf: times(50, (n) => ({ contains: { const: n }, minContains: 0 })), unevaluatedItems: false },
      items((n) => n % 10),
    ],
    ["enum of 1,500 texts", { items: { enum: times(1_500, (n) => `e${n}`) } }, items(() => "e7")],
    ["enum of objects", { items: { enum: times(500, (n) => ({ a: [n] })) } }, items((n) => ({ a: [n % 500] }))],
    ["const of an object", { items: { const: { a: 0, b: 1 } } }, items(() => ({ a: 0, b: 0 }))],
    ["required, 1,000 names", { contains: { required: times(1_000, (n) => `m${n}`) } }, items(() => ({}))],
    ["many members, many subschemas", { allOf: times(240, () => ({ additionalProperties: true })) }, members(short)],
    [
      "a chain of 300 references",
      {
        $defs: Object.fromEntries(times(300, (n) => [`d${n}`, n === 299 ? {} : { $ref: `#/$defs/d${n + 1}` }])),
        items: { $ref: "#/$defs/d0" },
      },
      items(() => 1),
    ],
    [
      "thousands of failures at one place",
      { additionalProperties: { items: { type: "null" } } },
      { ["x".repeat(300)]: items(() => 1).slice(200) },
    ],
    ["multipleOf beyond all digits", { items: { multipleOf: 5e-324 } }, items(() => 1.5e300)],
    ["a pattern over short texts", { items: { pattern: "^[a-z]{2,9}-?[0-9]*$" } }, items(() => "ab-1")],
  ])("%s: every read is charged", (_, schema, data) => {
    const { spent, reads } = spend(schema, data);
    expect(spent).toBeLessThanOrEqual(MAX_VALIDATION_WORK);
    expect(reads).toBeLessThanOrEqual(READS_PER_UNIT * spent);
  });

  it("the input that once took 110 ms gets a verdict within the limit", () => {
    const tags = times(1_000, (j) => ({ a: { b: { c: { d: j } } } }));
    const schema = { properties: { tags: { type: "array", uniqueItems: true } } };
    expect(spend(schema, { tags })).toMatchObject({ keywords: [] });
    expect(spend(schema, { tags: [...tags, { a: { b: { c: { d: 500 } } } }] })).toMatchObject({
      keywords: ["uniqueItems"],
    });
  });

  it("a pattern is charged by the length of the text before it runs", () => {
    const steep = { items: { pattern: "^[a-z]{0,500}[a-z]{0,500}x" } };
    expect(spend(steep, ["a".repeat(1_000)]).keywords).toEqual(["work"]);
    expect(spend(steep, ["a".repeat(30)]).keywords).toEqual(["pattern"]);
  });

  it("a payload that needs too many stack levels fails like one that takes too much work", () => {
    const chain = times(
      100,
      (n) =>
        [`d${n}`, n === 99 ? { properties: { a: { $ref: "#/$defs/d0" } } } : { $ref: `#/$defs/d${n + 1}` }] as const,
    );
    const schema = { $defs: Object.fromEntries(chain), $ref: "#/$defs/d0" };
    expect(spend(schema, nested(4)).keywords).toEqual([]);
    expect(spend(schema, nested(60)).keywords).toEqual(["work"]);
  });
});

describe("any schema and any large payload", () => {
  it("charge every read and stay below the limit", () => {
    // 200 small payloads, repeated in an array or under many names to the size of an event of about 32 KB.
    const large = fc.tuple(fc.array(payload, { minLength: 1, maxLength: 6 }), fc.boolean()).map(([some, isArray]) => {
      const many = items((index) => [index, some[index % some.length]]);
      return isArray ? many : Object.fromEntries(many.map((item, index) => [short(index), item]));
    });
    fc.assert(
      fc.property(schemaArbitrary(true), large, (schema, data) => {
        for (const around of [schema, { items: schema, additionalProperties: schema }]) {
          fc.pre(readSchema(around).ok);
          const { spent, reads } = spend(around, data);
          expect(spent).toBeLessThanOrEqual(MAX_VALIDATION_WORK);
          expect(reads).toBeLessThanOrEqual(READS_PER_UNIT * spent);
        }
      }),
      { seed: 12, numRuns: 60 },
    );
  });
});
