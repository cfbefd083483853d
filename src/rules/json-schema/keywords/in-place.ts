import { Evaluated } from "../evaluated";
import { describe } from "../report";
import type { Check, JsonObject, Subschema } from "../subschema";
import type { Subschemas } from "./array";

/** `$ref`, `allOf`, `anyOf`, `oneOf`, `not`, `if`, `then` and `else`: subschemas that apply to the same value. */
export function inPlaceChecks(subschemas: Subschemas, ref: (() => Subschema) | null): Check[] {
  const checks: Check[] = [];
  if (ref !== null) checks.push((value, run, place, seen) => ref().apply(value, run, place, seen));
  const not = subschemas.one("not");
  if (not !== null) checks.push(checkNot(not));
  const any = subschemas.list("anyOf");
  if (any !== null) checks.push(checkAnyOf(any));
  const all = subschemas.list("allOf");
  if (all !== null)
    checks.push(
      ...all.map(
        (one): Check =>
          (...args) =>
            one.apply(...args),
      ),
    );
  const exactlyOne = subschemas.list("oneOf");
  if (exactlyOne !== null) checks.push(checkOneOf(exactlyOne));
  const condition = subschemas.one("if");
  if (condition !== null) checks.push(checkIf(condition, subschemas.one("then"), subschemas.one("else")));
  return checks;
}

/** `dependentSchemas`. */
export function dependentChecks(subschemas: Subschemas): Check<JsonObject>[] {
  return [...(subschemas.map("dependentSchemas") ?? [])].map(
    ([name, subschema]): Check<JsonObject> =>
      (object, run, place, seen) =>
        !Object.hasOwn(object, name) || subschema.apply(object, run, place, seen),
  );
}

function checkNot(ruledOut: Subschema): Check {
  return (value, run, place) => {
    if (!ruledOut.apply(value, run, null, null)) return true;
    if (place !== null) {
      run.report.add(place, "not", `expected a value that does not fit the schema in not, found ${describe(value)}`);
    }
    return false;
  };
}

// Issues within an alternative are not reported: most alternatives are expected to fail, so their issues would mislead.

function checkAnyOf(alternatives: readonly Subschema[]): Check {
  return (value, run, place, seen) => {
    let fits = false;
    for (const alternative of alternatives) {
      const own = seen === null ? null : new Evaluated();
      if (!alternative.apply(value, run, null, own)) continue;
      fits = true;
      if (seen === null || own === null) break;
      seen.merge(own, run.meter);
    }
    if (!fits && place !== null) {
      run.report.add(place, "anyOf", `expected a value that fits one of the alternatives, found ${describe(value)}`);
    }
    return fits;
  };
}

function checkOneOf(alternatives: readonly Subschema[]): Check {
  return (value, run, place, seen) => {
    let fitting = 0;
    for (const alternative of alternatives) {
      const own = seen === null ? null : new Evaluated();
      if (!alternative.apply(value, run, null, own)) continue;
      fitting += 1;
      if (fitting === 2 && place === null) return false;
      if (own !== null) seen?.merge(own, run.meter);
    }
    if (fitting === 1) return true;
    if (place !== null) {
      const found = `${describe(value)} that fits ${fitting}`;
      run.report.add(place, "oneOf", `expected a value that fits exactly one of the alternatives, found ${found}`);
    }
    return false;
  };
}

function checkIf(condition: Subschema, then: Subschema | null, otherwise: Subschema | null): Check {
  return (value, run, place, seen) => {
    const own = seen === null ? null : new Evaluated();
    const holds = condition.apply(value, run, null, own);
    if (holds && own !== null) seen?.merge(own, run.meter);
    return (holds ? then : otherwise)?.apply(value, run, place, seen) ?? true;
  };
}
