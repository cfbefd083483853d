import { TooMuchWork, WorkMeter } from "../model/work-meter";
import { compileSubschemas } from "./json-schema/compile";
import { type Failing, Place, Report, ReportFull } from "./json-schema/report";
import { type EnforcedSchema, readSchema } from "./read-schema";
import { MAX_COMPILED_CHARACTERS, MAX_VALIDATION_WORK } from "./schema-limits";

/**
 * Validates a payload: what is wrong with it, at most MAX_SCHEMA_ISSUES; none: it fits. A payload that takes more work than
 * its meter allows does not fit.
 *
 * @param meter what the work is charged to; a new one of MAX_VALIDATION_WORK if none is given
 */
export type CheckPayload = (data: unknown, meter?: WorkMeter) => Failing[];

/** Compiles a schema that `readSchema` passed. */
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
 * Compiled schemas by their text, the least recently used going first.
 *
 * @param characters of the texts together
 * @returns a function that gives the check for a schema's text, compiling it if need be
 */
export function createSchemaCache(characters: number = MAX_COMPILED_CHARACTERS): (text: string) => CheckPayload {
  const compiled = new Map<string, CheckPayload>();
  let held = 0;
  return (text) => {
    const known = compiled.get(text);
    const check = known ?? compileText(text);
    if (known === undefined) held += text.length;
    // Last in line again.
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

/** @throws Error for a schema that is not safe: none such can have been registered. */
function compileText(text: string): CheckPayload {
  const read = readSchema(JSON.parse(text));
  if (!read.ok) throw new Error(`a registered schema cannot be used: ${read.fault.reason} at ${read.fault.path}`);
  return compileSchema(read.schema);
}

/** One for each isolate. */
export const compiledSchema = createSchemaCache();
