import { describe, expect, it } from "vitest";
import { compileSchema } from "../../../src/rules/compile-schema";
import type { Failing } from "../../../src/rules/json-schema/report";
import { readSchema } from "../../../src/rules/read-schema";

/** The failures of a payload with a schema. */
export function check(schema: unknown, data: unknown): Failing[] {
  const read = readSchema(schema);
  if (!read.ok) throw new Error(`${read.fault.path}: ${read.fault.reason}`);
  return compileSchema(read.schema)(data);
}

/** A title, a schema, payloads that match it, and payloads that do not. */
export type VerdictCase = [string, unknown, unknown[], unknown[]];

export function describeVerdicts(cases: VerdictCase[]): void {
  describe.each(cases)("%s", (_, schema, fitting, failing) => {
    it.each(fitting.map((data) => [data]))("matches %j", (data) => {
      expect(check(schema, data)).toEqual([]);
    });

    it.each(failing.map((data) => [data]))("does not match %j", (data) => {
      expect(check(schema, data)).not.toEqual([]);
    });
  });
}

/** A schema, a payload, and the path and message of its only failure. */
export type MessageCase = [unknown, unknown, string, string];

export function describeMessages(cases: MessageCase[]): void {
  it.each(cases)("%j with %j says what was expected and what was found", (schema, data, path, message) => {
    expect(check(schema, data)).toMatchObject([{ path, message }]);
  });
}
