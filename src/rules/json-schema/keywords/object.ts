import { isJsonObject } from "../../../model/event/event";
import type { WorkMeter } from "../../../model/work-meter";
import type { EnforcedSchema } from "../../read-schema";
import { MAX_VALUE_CHARACTERS } from "../../schema-limits";
import type { Evaluated } from "../evaluated";
import { meteredPattern } from "../metered-pattern";
import { cut, Place } from "../report";
import type { Check, JsonObject, Run, Subschema } from "../subschema";
import type { Subschemas } from "./array";

/**
 * `required`, `minProperties`, `maxProperties`, `dependentRequired`, `propertyNames`, `properties`, `patternProperties` and
 * `additionalProperties`.
 */
export function objectChecks(schema: EnforcedSchema, subschemas: Subschemas): Check<JsonObject>[] {
  const { required, minProperties, maxProperties, dependentRequired } = schema;
  const checks: Check<JsonObject>[] = [];
  if (Array.isArray(required)) checks.push(checkRequired(required.map(String)));
  if (typeof minProperties === "number") {
    checks.push((object, run, place) => {
      const found = membersOf(object, run).length;
      if (found >= minProperties) return true;
      if (place !== null) {
        run.report.add(place, "minProperties", `expected at least ${minProperties} members, found ${found}`);
      }
      return false;
    });
  }
  if (typeof maxProperties === "number") {
    checks.push((object, run, place) => {
      const found = membersOf(object, run).length;
      if (found <= maxProperties) return true;
      if (place !== null) {
        run.report.add(place, "maxProperties", `expected at most ${maxProperties} members, found ${found}`);
      }
      return false;
    });
  }
  if (isJsonObject(dependentRequired)) checks.push(...Object.entries(dependentRequired).map(checkDependent));
  const names = subschemas.one("propertyNames");
  if (names !== null) checks.push(checkNames(names));
  const members = checkMembers(subschemas);
  if (members !== null) checks.push(members);
  return checks;
}

function checkRequired(required: readonly string[]): Check<JsonObject> {
  return (object, run, place) => {
    run.meter.charge(required.length);
    let fits = true;
    for (const name of required) {
      if (Object.hasOwn(object, name)) continue;
      if (place === null) return false;
      run.report.add(place, "required", `expected the member ${cut(JSON.stringify(name), 80)}, found none`);
      fits = false;
    }
    return fits;
  };
}

function checkDependent([name, held]: [string, unknown]): Check<JsonObject> {
  const required = Array.isArray(held) ? held.map(String) : [];
  return (object, run, place) => {
    if (!Object.hasOwn(object, name)) return true;
    run.meter.charge(required.length);
    let fits = true;
    for (const other of required) {
      if (Object.hasOwn(object, other)) continue;
      if (place === null) return false;
      const message = `expected the member "${cut(other, 60)}" beside "${cut(name, 60)}", found none`;
      run.report.add(place, "dependentRequired", message);
      fits = false;
    }
    return fits;
  };
}

function checkNames(subschema: Subschema): Check<JsonObject> {
  return (object, run, place) => {
    let fits = true;
    for (const name of membersOf(object, run)) {
      if (subschema.apply(name, run, null, null)) continue;
      if (place === null) return false;
      const found = cut(JSON.stringify(name.slice(0, MAX_VALUE_CHARACTERS + 1)), MAX_VALUE_CHARACTERS);
      run.report.add(place, "propertyNames", `expected member names that fit, found ${found}`);
      fits = false;
    }
    return fits;
  };
}

interface NamePattern {
  matches: (name: string, meter: WorkMeter) => boolean;
  subschema: Subschema;
}

function checkMembers(subschemas: Subschemas): Check<JsonObject> | null {
  const named = subschemas.map("properties") ?? new Map<string, Subschema>();
  const patterns: NamePattern[] = [...(subschemas.map("patternProperties") ?? [])].map(([source, subschema]) => ({
    matches: meteredPattern(source),
    subschema,
  }));
  const others = subschemas.one("additionalProperties");
  if (patterns.length === 0 && others === null) return named.size === 0 ? null : checkNamed(named);

  return (object, run, place, seen) => {
    let fits = true;
    const names = membersOf(object, run);
    run.meter.charge(names.length);
    for (const name of names) {
      const value = object[name];
      const own = named.get(name);
      let isKnown = own !== undefined;
      if (own?.apply(value, run, below(place, name), null) === false) fits = false;
      for (const { matches, subschema } of patterns) {
        if (!matches(name, run.meter)) continue;
        isKnown = true;
        if (!subschema.apply(value, run, below(place, name), null)) fits = false;
      }
      if (!isKnown && others !== null && !applyToOther(others, name, value, run, place)) fits = false;
      if (!fits && place === null) return false;
      if (isKnown && seen !== null) note(seen, name, run);
    }
    if (others !== null) seen?.addAll();
    return fits;
  };
}

/** Without `patternProperties` and `additionalProperties`, only the members that the schema names are checked. */
function checkNamed(named: ReadonlyMap<string, Subschema>): Check<JsonObject> {
  return (object, run, place, seen) => {
    run.meter.charge(named.size);
    let fits = true;
    for (const [name, subschema] of named) {
      if (!Object.hasOwn(object, name)) continue;
      if (!subschema.apply(object[name], run, below(place, name), null)) {
        if (place === null) return false;
        fits = false;
      }
      if (seen !== null) note(seen, name, run);
    }
    return fits;
  };
}

/** `unevaluatedProperties`. */
export function unevaluatedProperties(others: Subschema): Check<JsonObject> {
  return (object, run, place, seen) => {
    let fits = true;
    const names = membersOf(object, run);
    run.meter.charge(names.length);
    for (const name of names) {
      if (seen?.has(name) === true || applyToOther(others, name, object[name], run, place)) continue;
      if (place === null) return false;
      fits = false;
    }
    return fits;
  };
}

/**
 * Checks a member that the schema does not name. If none is allowed, the issue is reported at the object, since the
 * paths of unexpected members would be countless.
 */
function applyToOther(others: Subschema, name: string, value: unknown, run: Run, place: Place | null): boolean {
  if (!others.isNever || place === null) return others.apply(value, run, below(place, name), null);
  run.meter.charge(1);
  const found = cut(JSON.stringify(name.slice(0, MAX_VALUE_CHARACTERS + 1)), MAX_VALUE_CHARACTERS);
  run.report.add(place, "additionalProperties", `expected no member ${found}`);
  return false;
}

/**
 * The names of an object's members. They are cached until another object is listed, since several keywords may need
 * them.
 */
function membersOf(object: JsonObject, { members, meter }: Run): string[] {
  meter.charge(1);
  if (members.of !== object) {
    members.of = object;
    members.names = Object.keys(object);
    // V8 lists the members of a large object about ten times slower.
    meter.charge(members.names.length * (members.names.length > 64 ? 6 : 1));
  }
  return members.names;
}

function note(seen: Evaluated, name: string, { meter }: Run): void {
  meter.charge(2);
  seen.add(name);
}

function below(place: Place | null, name: string): Place | null {
  return place === null ? null : new Place(place, name);
}
