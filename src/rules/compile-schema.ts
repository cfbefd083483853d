import { type Schema, Validator } from "@cfworker/json-schema";
import { type EnforcedSchema, readSchema } from "./read-schema";
import { explain, type Failing } from "./schema-failings";
import { MAX_COMPILED_SCHEMAS, MAX_UNIQUE_ITEMS, MAX_VALIDATION_WORK } from "./schema-limits";

/** Judges a payload: what is wrong with it, at most MAX_SCHEMA_ISSUES; none: it fits. Pure. */
export type CheckPayload = (data: unknown) => Failing[];

/** Characters of a subschema's own keywords that weigh as much as one visit. */
const CHARACTERS_PER_VISIT = 32;

class TooMuchWork extends Error {}

/**
 * Compiles a schema that `readSchema` passed. The validator has no bound on its work, so one is laid into the schema: it
 * reads `$recursiveAnchor` on each visit of a subschema, a keyword that draft 2020-12 does not have.
 */
export function compileSchema(schema: EnforcedSchema): CheckPayload {
  const budget = { left: 0 };
  const comparesItems = weigh(schema, budget);
  // Its type allows only schemas as they are written.
  const validator = new Validator(schema as Schema, "2020-12", false);
  return (data) => {
    const crowded = comparesItems ? crowdedArray(data) : null;
    if (crowded !== null) {
      const message = `expected at most ${MAX_UNIQUE_ITEMS} items to compare, found ${crowded}`;
      return [{ path: "", keyword: "uniqueItems", message }];
    }
    budget.left = MAX_VALIDATION_WORK;
    try {
      return explain(data, validator.validate(data).errors);
    } catch (thrown) {
      if (thrown instanceof TooMuchWork) {
        return [{ path: "", keyword: "work", message: "expected a payload that its schema can judge with less work" }];
      }
      // The validator writes members' names into URIs, which half a surrogate pair cannot be part of.
      if (thrown instanceof URIError) {
        return [{ path: "", keyword: "names", message: "expected names of members without half a surrogate pair" }];
      }
      throw thrown;
    }
  };
}

/** Lets each subschema charge its visits. Returns whether any of them compares items with each other. */
function weigh(value: unknown, budget: { left: number }): boolean {
  let comparesItems = false;
  const waiting: unknown[] = [value];
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    if (typeof one !== "object" || one === null) continue;
    waiting.push(...Object.values(one).filter((held) => held !== undefined));
    // A map of members may hold one of that name: it is no subschema.
    if (Array.isArray(one) || Object.hasOwn(one, "$recursiveAnchor")) continue;
    if ("uniqueItems" in one && one.uniqueItems === true) comparesItems = true;
    const weight = 1 + Math.floor(ownCharacters(one) / CHARACTERS_PER_VISIT);
    Object.defineProperty(one, "$recursiveAnchor", {
      enumerable: false,
      get() {
        budget.left -= weight;
        if (budget.left < 0) throw new TooMuchWork();
        return undefined;
      },
    });
  }
  return comparesItems;
}

/** What the validator may go through or repeat for one failure: lists of names and values. */
function ownCharacters(schema: object): number {
  return ["required", "enum", "const", "dependentRequired", "properties", "patternProperties"]
    .filter((keyword) => Object.hasOwn(schema, keyword))
    .reduce((sum, keyword) => {
      const held: unknown = Reflect.get(schema, keyword);
      const isMap = keyword === "properties" || keyword === "patternProperties";
      return sum + JSON.stringify(isMap ? Object.keys(Object(held)) : held).length;
    }, 0);
}

/** The length of an array that is too long for its items to be compared with each other. */
function crowdedArray(data: unknown): number | null {
  const waiting: unknown[] = [data];
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    if (typeof one !== "object" || one === null) continue;
    if (Array.isArray(one) && one.length > MAX_UNIQUE_ITEMS) return one.length;
    waiting.push(...Object.values(one));
  }
  return null;
}

/**
 * Compiled schemas by their text, the least recently used going first.
 *
 * @returns a function that gives the check for a schema's text, compiling it if need be
 */
export function createSchemaCache(limit: number = MAX_COMPILED_SCHEMAS): (text: string) => CheckPayload {
  const compiled = new Map<string, CheckPayload>();
  return (text) => {
    const check = compiled.get(text) ?? compileText(text);
    compiled.delete(text);
    compiled.set(text, check);
    if (compiled.size > limit) {
      const oldest = compiled.keys().next();
      if (!oldest.done) compiled.delete(oldest.value);
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
