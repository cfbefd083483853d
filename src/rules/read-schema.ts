import * as v from "valibot";
import { isJsonObject, utf8Bytes } from "../model/event/event";
import { escapePointer } from "../model/json/json-pointer";
import { jsonText } from "../model/json/json-text";
import { checkPattern } from "./pattern-safety";
import {
  ASSERTED_FORMATS,
  DIALECT,
  REFUSED_KEYWORDS,
  SCHEMA_ARRAY_KEYWORDS,
  SCHEMA_KEYWORDS,
  SCHEMA_MAP_KEYWORDS,
  VALUE_KEYWORDS,
} from "./schema-keywords";
import { MAX_PATTERNS_STEPS, MAX_SCHEMA_BYTES, MAX_SCHEMA_DEPTH, MAX_SUBSCHEMAS } from "./schema-limits";

/** A schema reduced to the enforced keywords, safe to compile and to apply to any payload. */
export type EnforcedSchema = { [keyword: string]: unknown };

/** Why a schema is refused; `path` is a JSON pointer (RFC 6901) into it. */
export interface SchemaFault {
  path: string;
  reason: string;
}

export type ReadSchema = { ok: true; schema: EnforcedSchema } | { ok: false; fault: SchemaFault };

/** A subschema's links to others that validate the same value. */
interface Place {
  inPlace: string[];
  ref: string | null;
}

class Refused extends Error {
  constructor(readonly fault: SchemaFault) {
    super(fault.reason);
  }
}

/**
 * Reads a schema for payloads. Refuses a schema that is not valid, refers to anything outside itself, or has no bound
 * on its work: too large, too deep, too many subschemas, circular references, unsafe patterns.
 */
export function readSchema(value: unknown): ReadSchema {
  const bytes = utf8Bytes(jsonText(value));
  if (bytes > MAX_SCHEMA_BYTES) {
    return { ok: false, fault: { path: "", reason: `expected at most ${MAX_SCHEMA_BYTES} bytes, found ${bytes}` } };
  }
  try {
    const reading = new Reading();
    const schema = reading.subschema(value, "", 1);
    reading.checkReferences();
    return { ok: true, schema };
  } catch (thrown) {
    if (!(thrown instanceof Refused)) throw thrown;
    return { ok: false, fault: thrown.fault };
  }
}

class Reading {
  private readonly places = new Map<string, Place>();
  private readonly anchors = new Map<string, string>();
  private patternSteps = 0;

  subschema(value: unknown, path: string, depth: number): EnforcedSchema {
    if (depth > MAX_SCHEMA_DEPTH) refuse(path, `expected at most ${MAX_SCHEMA_DEPTH} levels of subschemas`);
    const place: Place = { inPlace: [], ref: null };
    this.places.set(path, place);
    if (this.places.size > MAX_SUBSCHEMAS) refuse(path, `expected at most ${MAX_SUBSCHEMAS} subschemas`);
    // The validator reports the place of a failure for these forms, but not for true and false.
    if (value === true) return {};
    if (value === false) return { not: {} };
    if (!isJsonObject(value)) refuse(path, "expected a schema: an object, true or false");

    const enforced: [string, unknown][] = [];
    for (const [keyword, held] of Object.entries(value)) {
      const at = `${path}/${escapePointer(keyword)}`;
      const refusal = own(REFUSED_KEYWORDS, keyword);
      if (refusal !== undefined) refuse(at, refusal);
      this.checkIdentifiers(keyword, held, at, path);
      const read = this.keyword(keyword, held, { at, depth, place });
      if (read !== undefined) enforced.push([keyword, read]);
    }
    if (typeof value.$ref === "string") place.ref = value.$ref;
    if (typeof value.$anchor === "string") this.addAnchor(value.$anchor, path);
    return Object.fromEntries(enforced);
  }

  /** The value of a keyword to enforce, or undefined if the keyword is an annotation. */
  private keyword(
    keyword: string,
    held: unknown,
    { at, depth, place }: { at: string; depth: number; place: Place },
  ): unknown {
    const valueSchema = own(VALUE_KEYWORDS, keyword);
    if (valueSchema !== undefined) return this.valueOf(keyword, held, valueSchema, at);
    const single = own(SCHEMA_KEYWORDS, keyword);
    if (single !== undefined) {
      if (single.inPlace) place.inPlace.push(at);
      return this.subschema(held, at, depth + 1);
    }
    const list = own(SCHEMA_ARRAY_KEYWORDS, keyword);
    if (list !== undefined) {
      if (!Array.isArray(held) || held.length === 0) refuse(at, "expected an array of at least one schema");
      return held.map((one: unknown, index) => {
        if (list.inPlace) place.inPlace.push(`${at}/${index}`);
        return this.subschema(one, `${at}/${index}`, depth + 1);
      });
    }
    const map = own(SCHEMA_MAP_KEYWORDS, keyword);
    if (map === undefined) return undefined;
    if (!isJsonObject(held)) refuse(at, "expected an object of schemas");
    return Object.fromEntries(
      Object.entries(held).map(([name, one]) => {
        const below = `${at}/${escapePointer(name)}`;
        if (keyword === "patternProperties") this.pattern(name, below);
        if (!name.isWellFormed()) refuse(below, "expected a name without lone surrogates");
        if (map.inPlace) place.inPlace.push(below);
        return [name, this.subschema(one, below, depth + 1)];
      }),
    );
  }

  private valueOf(keyword: string, held: unknown, schema: v.GenericSchema, at: string): unknown {
    const result = v.safeParse(schema, held);
    if (!result.success) refuse(at, `expected ${result.issues[0].message}`);
    if (keyword === "pattern" && typeof held === "string") this.pattern(held, at);
    if (keyword === "format" && (typeof held !== "string" || !ASSERTED_FORMATS.includes(held))) return undefined;
    return held;
  }

  private pattern(source: string, at: string): void {
    const verdict = checkPattern(source);
    if (!verdict.safe) refuse(at, verdict.reason);
    this.patternSteps += verdict.steps;
    if (this.patternSteps > MAX_PATTERNS_STEPS) refuse(at, "expected fewer or simpler patterns in one schema");
  }

  private checkIdentifiers(keyword: string, held: unknown, at: string, path: string): void {
    if (keyword === "$id" && path !== "") refuse(at, "expected $id only at the top of the schema");
    if (keyword !== "$schema") return;
    const isDialect = typeof held === "string" && held.replace(/#$/, "") === DIALECT;
    if (!isDialect) refuse(at, `expected ${DIALECT}`);
  }

  private addAnchor(anchor: string, path: string): void {
    if (this.anchors.has(anchor)) refuse(`${path}/$anchor`, "expected a unique anchor, found one that is used twice");
    this.anchors.set(anchor, path);
  }

  /**
   * Each reference must lead to a subschema. A cycle is refused if it does not descend into the payload, since it would
   * not end.
   */
  checkReferences(): void {
    const next = new Map<string, string[]>();
    for (const [path, { inPlace, ref }] of this.places) {
      next.set(path, ref === null ? inPlace : [...inPlace, this.target(ref, `${path}/$ref`)]);
    }
    const done = new Set<string>();
    for (const start of next.keys()) this.follow(start, next, new Set(), done);
  }

  private follow(path: string, next: Map<string, string[]>, under: Set<string>, done: Set<string>): void {
    if (done.has(path)) return;
    if (under.has(path)) refuse(path, "expected no circular reference to the same value");
    under.add(path);
    for (const target of next.get(path) ?? []) this.follow(target, next, under, done);
    under.delete(path);
    done.add(path);
  }

  private target(ref: string, at: string): string {
    if (!ref.startsWith("#")) refuse(at, "expected a reference within this schema, such as #/$defs/name");
    const fragment = fragmentOf(ref);
    const path = fragment === "" || fragment.startsWith("/") ? fragment : this.anchors.get(fragment);
    if (path === undefined || !this.places.has(path)) refuse(at, "expected a reference to a subschema of this schema");
    return path;
  }
}

function refuse(path: string, reason: string): never {
  throw new Refused({ path, reason });
}

function own<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** The target of a reference within a schema: a JSON pointer or an anchor. */
export function fragmentOf(ref: string): string {
  const fragment = ref.slice(1);
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}
