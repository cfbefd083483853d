import type { EnforcedSchema } from "../../read-schema";
import { HashedValues } from "../hashed-values";
import { describe, Place } from "../report";
import type { Check, Subschema } from "../subschema";

/** The compiled subschemas of a schema, by keyword. */
export interface Subschemas {
  one(keyword: string): Subschema | null;
  list(keyword: string): readonly Subschema[] | null;
  map(keyword: string): ReadonlyMap<string, Subschema> | null;
}

/** `minItems`, `maxItems`, `uniqueItems`, `prefixItems`, `items` and `contains`. */
export function arrayChecks(schema: EnforcedSchema, subschemas: Subschemas): Check<unknown[]>[] {
  const { minItems, maxItems } = schema;
  const checks: Check<unknown[]>[] = [];
  if (typeof minItems === "number") {
    checks.push((items, run, place) => {
      if (items.length >= minItems) return true;
      if (place !== null) {
        run.report.add(place, "minItems", `expected at least ${minItems} items, found ${items.length}`);
      }
      return false;
    });
  }
  if (typeof maxItems === "number") {
    checks.push((items, run, place) => {
      if (items.length <= maxItems) return true;
      if (place !== null)
        run.report.add(place, "maxItems", `expected at most ${maxItems} items, found ${items.length}`);
      return false;
    });
  }
  if (schema.uniqueItems === true) checks.push(checkUniqueItems);
  const prefix = subschemas.list("prefixItems") ?? [];
  const rest = subschemas.one("items");
  if (prefix.length > 0 || rest !== null) checks.push(checkItems(prefix, rest));
  const contained = subschemas.one("contains");
  if (contained !== null) checks.push(checkContains(schema, contained));
  return checks;
}

const checkUniqueItems: Check<unknown[]> = (items, run, place) => {
  const twins = new HashedValues(items, run.meter).findTwins(run.meter);
  if (twins === null) return true;
  if (place !== null) {
    run.report.add(place, "uniqueItems", `expected unique items, found two equal ones: ${twins.join(" and ")}`);
  }
  return false;
};

function checkItems(prefix: readonly Subschema[], rest: Subschema | null): Check<unknown[]> {
  return (items, run, place, seen) => {
    const end = rest === null ? Math.min(prefix.length, items.length) : items.length;
    let fits = true;
    for (let index = 0; index < end; index++) {
      const subschema = prefix[index] ?? rest;
      if (subschema?.apply(items[index], run, below(place, index), null) === false) {
        if (place === null) return false;
        fits = false;
      }
    }
    seen?.addItemsBefore(end);
    return fits;
  };
}

/** Without `minContains`, at least one item must match. */
function checkContains({ minContains = 1, maxContains = Infinity }: EnforcedSchema, one: Subschema): Check<unknown[]> {
  const least = Number(minContains);
  const most = Number(maxContains);
  return (items, run, place, seen) => {
    let fitting = 0;
    for (let index = 0; index < items.length; index++) {
      if (!one.apply(items[index], run, null, null)) continue;
      fitting += 1;
      if (seen !== null) {
        run.meter.charge(2);
        seen.add(index);
      }
      if (fitting > most) break;
      // Enough items match, and nothing needs to know which.
      if (fitting >= least && most === Infinity && seen === null) break;
    }
    const keyword =
      fitting > most ? "maxContains" : fitting >= least ? null : minContains === 1 ? "contains" : "minContains";
    if (keyword === null) return true;
    if (place !== null) {
      const message = `expected an array with the right number of matching items, found ${describe(items)}`;
      run.report.add(place, keyword, message);
    }
    return false;
  };
}

/** `unevaluatedItems`. */
export function unevaluatedItems(one: Subschema): Check<unknown[]> {
  return (items, run, place, seen) => {
    run.meter.charge(items.length);
    let fits = true;
    for (let index = 0; index < items.length; index++) {
      if (seen?.has(index) === true || one.apply(items[index], run, below(place, index), null)) continue;
      if (place === null) return false;
      fits = false;
    }
    return fits;
  };
}

function below(place: Place | null, index: number): Place | null {
  return place === null ? null : new Place(place, index);
}
