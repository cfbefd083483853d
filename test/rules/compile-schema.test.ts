import { describe, expect, it } from "vitest";
import { WorkMeter } from "../../src/model/work-meter";
import { compileSchema, createSchemaCache } from "../../src/rules/compile-schema";
import { readSchema } from "../../src/rules/read-schema";
import { MAX_SCHEMA_ISSUES } from "../../src/rules/schema-limits";

function check(schema: unknown, data: unknown) {
  const read = readSchema(schema);
  if (!read.ok) throw new Error(`${read.fault.path}: ${read.fault.reason}`);
  return compileSchema(read.schema)(data);
}

const long = "x".repeat(500);

describe("the issues of a payload", () => {
  it.each<[unknown, unknown, string, string]>([
    [{ properties: { "a/b~c#é %": { type: "null" } } }, { "a/b~c#é %": 1 }, "/a~1b~0c#é %", "expected null, found 1"],
  ])("say what was expected and what was found: %j with %j", (schema, data, path, message) => {
    expect(check(schema, data)).toMatchObject([{ path, message }]);
  });

  it("never contain a whole payload", () => {
    const [failing] = check({ properties: { a: { enum: [long] } }, required: [long] }, { a: long });
    expect(failing?.message.length).toBeLessThanOrEqual(200);
    expect(check({ properties: { a: { type: "null" } } }, { a: long })[0]?.message).toBe(
      `expected null, found "${"x".repeat(38)}…`,
    );
  });

  it("have the path of the nearest parent that fits if their own is too long", () => {
    const data = { short: { [long]: { deeper: 1 } } };
    const deep = { additionalProperties: { additionalProperties: { type: "null" } } };
    expect(check({ properties: { short: deep } }, data)).toMatchObject([
      { path: "/short", message: "expected null, found 1" },
    ]);
  });

  it(`are at most ${MAX_SCHEMA_ISSUES}`, () => {
    expect(check({ items: { type: "null" } }, Array(500).fill(1))).toHaveLength(MAX_SCHEMA_ISSUES);
  });

  it("include every fault, not only the first", () => {
    const schema = { properties: { a: { type: "null" }, b: { type: "null" } }, required: ["c"] };
    expect(check(schema, { a: 1, b: 1 }).map(({ path }) => path)).toEqual(["", "/a", "/b"]);
  });
});

describe("a payload that takes too much work", () => {
  const twice = { properties: { a: { $ref: "#/$defs/t" } } };
  const schema = { $defs: { t: { allOf: [twice, twice] } }, $ref: "#/$defs/t" };
  const data = JSON.parse(`${'{"a":'.repeat(60)}{}${"}".repeat(60)}`);
  const message = "expected a payload that takes at most 50000 units of work to validate, found one that takes more";

  it("fails with a message that names the limit", () => {
    expect(check(schema, data)).toEqual([{ path: "", keyword: "work", message }]);
  });

  it("fails with the issues that were found before, too", () => {
    expect(check({ ...schema, type: "array" }, data).map(({ keyword }) => keyword)).toEqual(["type", "work"]);
  });

  it("gets the same verdict each time and does not affect others", () => {
    const read = readSchema(schema);
    if (!read.ok) throw new Error("not a schema");
    const validate = compileSchema(read.schema);
    expect(validate(data)).toEqual(validate(data));
    expect(validate({ a: {} })).toEqual([]);
  });

  it("is charged to the meter that is given", () => {
    const read = readSchema({ items: { type: "number" } });
    if (!read.ok) throw new Error("not a schema");
    const meter = new WorkMeter(100);
    expect(compileSchema(read.schema)([1, 2, 3], meter)).toEqual([]);
    expect(meter.spent).toBe(8);
    expect(compileSchema(read.schema)(Array(100).fill(1), meter)).toMatchObject([{ keyword: "work" }]);
    expect(meter.spent).toBe(100);
  });
});

describe("names with a meaning in JavaScript", () => {
  it.each(["__proto__", "constructor", "toString", "$recursiveAnchor", "hasOwnProperty"])(
    "%s is an ordinary member",
    (name) => {
      const schema = JSON.parse(`{"properties":{"${name}":{"type":"null"}},"required":["${name}"]}`);
      expect(check(schema, {})).toHaveLength(1);
      expect(check(schema, JSON.parse(`{"${name}":1}`))).toHaveLength(1);
      expect(check(schema, JSON.parse(`{"${name}":null}`))).toEqual([]);
      expect(check({ properties: { a: { format: name } } }, { a: "x" })).toEqual([]);
    },
  );

  it("a lone surrogate in a name is shown as the replacement character", () => {
    const expected = [{ path: "/\ufffd", message: "expected null, found 1" }];
    expect(check({ additionalProperties: { type: "null" } }, { "\ud800": 1 })).toMatchObject(expected);
  });
});

it("the cache keeps the most recently used schemas, limited by the characters of their texts", () => {
  const [nothing, text, number] = ['{"type":"null"}', '{"type":"string"}', '{"type":"number"}'];
  const compiled = createSchemaCache(40);
  const first = compiled(nothing);
  const second = compiled(text);
  expect(compiled(nothing)).toBe(first);
  compiled(number);
  expect(compiled(nothing)).toBe(first);
  expect(compiled(text)).not.toBe(second);
  // A schema that is larger than the whole cache is kept until the next one comes.
  const large = JSON.stringify({ required: ["x".repeat(100)] });
  expect(compiled(large)).toBe(compiled(large));
});
