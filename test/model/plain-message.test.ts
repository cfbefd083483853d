import * as v from "valibot";
import { expect, it } from "vitest";
import { plainMessage } from "../../src/model/plain-message";

it.each<[v.GenericSchema, unknown, string]>([
  [v.string(), 5, "expected a text, found 5"],
  [v.string(), [], "expected a text, found a list"],
  [v.string(), null, "expected a text, found null"],
  [v.array(v.string()), {}, "expected a list, found an object"],
  [v.array(v.string()), "x".repeat(300), `expected a list, found "${"x".repeat(40)}…"`],
  [v.strictObject({}), true, "expected an object, found true"],
  [v.boolean(), "true", 'expected true or false, found "true"'],
  [v.picklist(["up", "down"]), "left", 'expected one of up, down, found "left"'],
  [v.union([v.string(), v.number()]), null, "expected one of a text, a number, found null"],
  [v.pipe(v.number(), v.safeInteger()), 1.5, "expected a whole number, found 1.5"],
  [v.pipe(v.number(), v.minValue(1)), -1, "expected at least 1, found -1"],
  [v.pipe(v.number(), v.maxValue(9)), 10, "expected at most 9, found 10"],
  [v.pipe(v.string(), v.minLength(2)), "a", 'expected at least 2 characters or items, found "a"'],
  [v.pipe(v.array(v.number()), v.maxLength(1)), [1, 2], "expected at most 1 characters or items, found 2"],
  [v.pipe(v.string(), v.regex(/^a$/, "expected an a")), "b", "expected an a"],
])("says what is wrong in plain words: %#", (schema, value, message) => {
  const { issues = [] } = v.safeParse(schema, value);
  expect(issues.map(plainMessage)).toEqual([message]);
});
