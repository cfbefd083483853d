import { TooMuchWork, WorkMeter } from "../model/work-meter";
import { compileSubschemas } from "./json-schema/compile";
import { type Failing, Place, Report, ReportFull } from "./json-schema/report";
import { type EnforcedSchema, readSchema } from "./read-schema";
import { MAX_COMPILED_CHARACTERS, MAX_VALIDATION_WORK } from "./schema-limits";

/**
 * Validates a payload and returns at most MAX_SCHEMA_ISSUES failures, or none if it matches. A payload that takes more
 * work than its meter allows does not match.
 *
 * @param meter charged for the work; by default a new one with MAX_VALIDATION_WORK
 */
export type CheckPayload = (data: unknown, meter?: WorkMeter) => Failing[];

/** Compiles a schema that `readSchema` accepted. */
export function compileSchema(schema: EnforcedSchema): CheckPayload {
  const compiled = compileSubschemas(schema);
  return (data, meter = new WorkMeter(MAX_VALIDATION_WORK)) => {
    const report = new Report(meter);
    try {
      compiled.apply(data, { meter, report, level: 0, members: { of: null, names: [] } }, new Place(null, ""), null);
      return report.failings;
    } catch (thrown) {
      if (thrown instanceof ReportFull) return report.failings;
      if (thrown instanceof TooMuchWork) return [...report.failings, tooMuch(meter)];
      throw thrown;
    }
  };
}

function tooMuch({ limit }: WorkMeter): Failing {
  const message = `expected a payload that takes at most ${limit} units of work to validate, found one that takes more`;
  return { path: "", keyword: "work", message };
}

/**
 * A cache of compiled schemas by their text. The least recently used is evicted first.
 *
 * @param characters the total length of the cached texts
 * @returns a function that returns the check for a schema's text, and compiles it if necessary
 */
export function createSchemaCache(characters: number = MAX_COMPILED_CHARACTERS): (text: string) => CheckPayload {
  const compiled = new Map<string, CheckPayload>();
  let held = 0;
  return (text) => {
    const known = compiled.get(text);
    const check = known ?? compileText(text);
    if (known === undefined) held += text.length;
    // Moves the schema to the end of the eviction order.
    compiled.delete(text);
    compiled.set(text, check);
    for (const oldest of compiled.keys()) {
      if (held <= characters || oldest === text) break;
      compiled.delete(oldest);
      held -= oldest.length;
    }
    return check;
  };
}

/** @throws Error for an unsafe schema, which cannot have been registered */
function compileText(text: string): CheckPayload {
  const read = readSchema(JSON.parse(text));
  if (!read.ok) throw new Error(`A registered schema is not valid: ${read.fault.reason} at ${read.fault.path}`);
  return compileSchema(read.schema);
}

/** The isolate's cache. */
export const compiledSchema = createSchemaCache();
