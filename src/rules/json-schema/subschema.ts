import { TooMuchWork, type WorkMeter } from "../../model/work-meter";
import { MAX_VALIDATION_LEVELS } from "../schema-limits";
import { Evaluated } from "./evaluated";
import type { Place, Report } from "./report";

/** The validation of one payload. */
export interface Run {
  readonly meter: WorkMeter;
  readonly report: Report;
  /** Subschemas that are being applied within each other. */
  level: number;
  /** The object whose members were listed last. */
  readonly members: { of: object | null; names: string[] };
}

/**
 * Applies one keyword, or several that belong together, to a value.
 *
 * @param place where the value is, for the report; null: report nothing and stop at the first failure
 * @param seen records the members and items that were validated; null: not needed
 */
export type Check<Value = unknown> = (value: Value, run: Run, place: Place | null, seen: Evaluated | null) => boolean;

/** `inPlace`: the keyword applies further subschemas to the same value. */
export interface Keyword<Value = unknown> {
  check: Check<Value>;
  inPlace: boolean;
}

/** Keywords by the kind of value that they apply to. `any` come first. */
export interface Keywords {
  any: readonly Keyword[];
  number: readonly Keyword<number>[];
  string: readonly Keyword<string>[];
  array: readonly Keyword<unknown[]>[];
  object: readonly Keyword<JsonObject>[];
}

export type JsonObject = Record<string, unknown>;

/** Validates the members or items that no other keyword has validated. */
export interface Unevaluated {
  array: Check<unknown[]> | null;
  object: Check<JsonObject> | null;
}

const NONE: Keywords = { any: [], number: [], string: [], array: [], object: [] };

/** A compiled subschema. It is created empty and filled later, since references can be circular. */
export class Subschema {
  /** True for the schema `false`, which no value matches. */
  readonly isNever: boolean;
  private keywords: Keywords = NONE;
  private unevaluated: Unevaluated = { array: null, object: null };

  constructor(isNever: boolean) {
    this.isNever = isNever;
  }

  fill(keywords: Keywords, unevaluated: Unevaluated): void {
    this.keywords = keywords;
    this.unevaluated = unevaluated;
  }

  /**
   * Whether a value matches; see `Check` for the parameters.
   *
   * @throws TooMuchWork, ReportFull
   */
  apply(value: unknown, run: Run, place: Place | null, seen: Evaluated | null): boolean {
    run.meter.charge(1);
    // A stack overflow would fail the whole batch, at a level that differs between machines.
    if (run.level === MAX_VALIDATION_LEVELS) throw new TooMuchWork();
    run.level += 1;
    const { any, number, string, array, object } = this.keywords;
    let fits: boolean;
    if (typeof value === "string") fits = this.run(value, any, string, null, run, place, seen);
    else if (typeof value === "number") fits = this.run(value, any, number, null, run, place, seen);
    else if (typeof value !== "object" || value === null) fits = this.run(value, any, [], null, run, place, seen);
    else if (Array.isArray(value)) fits = this.run(value, any, array, this.unevaluated.array, run, place, seen);
    else fits = this.run(value as JsonObject, any, object, this.unevaluated.object, run, place, seen);
    run.level -= 1;
    return fits;
  }

  private run<Value>(
    value: Value,
    any: readonly Keyword[],
    own: readonly Keyword<Value>[],
    unevaluated: Check<Value> | null,
    run: Run,
    place: Place | null,
    seen: Evaluated | null,
  ): boolean {
    run.meter.charge(any.length + own.length);
    const mine = unevaluated === null ? seen : new Evaluated();
    let fits = true;
    let fitsInPlace = true;
    for (const { check, inPlace } of any) {
      if (check(value, run, place, mine)) continue;
      if (place === null) return false;
      fits = false;
      if (inPlace) fitsInPlace = false;
    }
    for (const { check, inPlace } of own) {
      if (check(value, run, place, mine)) continue;
      if (place === null) return false;
      fits = false;
      if (inPlace) fitsInPlace = false;
    }
    if (unevaluated === null) return fits;
    // A subschema that does not match has validated nothing, so every member would be reported as unexpected.
    if (fitsInPlace && !unevaluated(value, run, place, mine)) return false;
    if (seen !== null && mine !== null) {
      mine.addAll();
      seen.merge(mine, run.meter);
    }
    return fits;
  }
}
