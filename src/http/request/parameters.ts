import * as v from "valibot";
import { EVENT_CODE_NAMES } from "../../model/codes";
import { DEFAULT_PAGE_SIZE, MAX_ID_CHARACTERS, MAX_NAME_CHARACTERS, MAX_PAGE_SIZE } from "../../model/limits";
import { plainMessage } from "../../model/plain-message";
import { DAY_MICROS } from "../../model/time/units";
import { Refusal } from "../problem";
import { readGivenTime, TIME_FORMS } from "./given-time";

/** The schema of a route's parameters: from the texts in the URL to parsed values. */
export type ParameterSchema = v.GenericSchema & { entries: Record<string, v.GenericSchema> };

/** Every operation accepts it; auth/credentials.ts reads it. */
const KEY_PARAMETER = "key";

/**
 * Reads a URL's query string. Refuses a parameter that is unknown, repeated, empty or malformed, and names it: if a
 * misspelt filter were ignored, the answer would be to another query.
 */
export function readParameters<const Schema extends ParameterSchema>(
  url: string,
  schema: Schema,
): v.InferOutput<Schema> | Refusal {
  const known = Object.keys(schema.entries);
  const given = new Map<string, string>();
  for (const [name, value] of new URL(url).searchParams) {
    if (name === KEY_PARAMETER) continue;
    if (!known.includes(name)) {
      const detail = `The parameter ${JSON.stringify(name.slice(0, MAX_NAME_CHARACTERS))} is unknown. ${known.length === 0 ? "No parameters are accepted." : `Known parameters: ${known.join(", ")}.`}`;
      return new Refusal("invalid_parameter", detail, { parameter: name.slice(0, MAX_NAME_CHARACTERS), takes: known });
    }
    if (given.has(name)) return refuseParameter(name, "it is given more than once.");
    if (value === "") return refuseParameter(name, "it is empty. Leave it out for any value.");
    given.set(name, value);
  }
  const result = v.safeParse(schema, Object.fromEntries(given));
  if (result.success) return result.output;
  const [issue] = result.issues;
  // valibot reports a missing member as an issue of the object, with a message about the object's type.
  const why = issue.received === "undefined" ? "it is missing" : plainMessage(issue);
  return refuseParameter(String(issue.path?.[0]?.key ?? ""), `${why}.`);
}

export function refuseParameter(parameter: string, why: string): Refusal {
  return new Refusal("invalid_parameter", `The parameter ${parameter} is not valid: ${why}`, { parameter });
}

/** A reversed range would match nothing, so it is refused as a mistake. */
export function refuseReversedRange(question: {
  start_date?: number | undefined;
  end_date?: number | undefined;
}): Refusal | null {
  const { start_date: start, end_date: end } = question;
  if (start === undefined || end === undefined || start <= end) return null;
  return refuseParameter("start_date", "expected a time that is not after end_date.");
}

/** A text of bounded length, unchanged. */
export function text(max: number, description: string) {
  return v.optional(
    v.pipe(v.string(), v.maxLength(max, `expected at most ${max} characters`), v.description(description)),
  );
}

export const SessionIdParameter = text(MAX_ID_CHARACTERS, "Only events of this session.");
export const CategoryParameter = text(MAX_NAME_CHARACTERS, "Only this category.");
export const NameParameter = text(MAX_NAME_CHARACTERS, "Only this name.");
export const ApplicationParameter = text(MAX_NAME_CHARACTERS, "Only events of this application.");

export const CodeParameter = v.optional(
  v.pipe(
    v.picklist(EVENT_CODE_NAMES, `expected one of ${EVENT_CODE_NAMES.join(", ")}`),
    v.description("Only events that have an issue with this code."),
  ),
);

function moment(bound: "first" | "last", description: string) {
  return v.optional(
    v.pipe(
      v.string(),
      v.description(description),
      v.rawTransform(({ dataset, addIssue, NEVER }) => {
        const given = readGivenTime(dataset.value);
        if (given !== null) return given.kind === "date" && bound === "last" ? given.at + DAY_MICROS - 1 : given.at;
        addIssue({ message: `expected ${TIME_FORMS}` });
        return NEVER;
      }),
    ),
  );
}

/** @param what which times the range is about, for example "of occurrence" */
export function startDateParameter(what: string) {
  return moment(
    "first",
    `The earliest time ${what}, inclusive: ${TIME_FORMS}, which means its first microsecond (UTC).`,
  );
}

/** @param what see `startDateParameter` */
export function endDateParameter(what: string) {
  return moment(
    "last",
    `The latest time ${what}, inclusive to the microsecond: ${TIME_FORMS}, which means its last microsecond (UTC). A time with whole seconds means exactly that time: 09:15:27 excludes 09:15:27.000001.`,
  );
}

/**
 * The filters that lists of events and of errors share.
 *
 * @param what see `startDateParameter`
 */
export function filterParameters(what: string) {
  return {
    session_id: SessionIdParameter,
    category: CategoryParameter,
    name: NameParameter,
    application: ApplicationParameter,
    start_date: startDateParameter(what),
    end_date: endDateParameter(what),
  };
}

/** @param otherwise the order without the parameter */
export function orderParameter(otherwise: string) {
  return v.optional(
    v.pipe(
      v.picklist(["asc", "desc"], "expected asc or desc"),
      v.description(`asc: oldest first; desc: newest first. Default: ${otherwise}.`),
    ),
  );
}

const limitRule = `expected a whole number from 1 to ${MAX_PAGE_SIZE}`;

export const LimitParameter = v.optional(
  v.pipe(
    v.string(),
    v.regex(/^\d{1,5}$/, limitRule),
    v.description(`The most results on a page: 1 to ${MAX_PAGE_SIZE}.`),
    v.transform(Number),
    v.minValue(1, limitRule),
    v.maxValue(MAX_PAGE_SIZE, limitRule),
  ),
  String(DEFAULT_PAGE_SIZE),
);

export const CursorParameter = v.optional(
  v.pipe(
    v.string(),
    v.maxLength(1_000, "expected the cursor of a `next` link"),
    v.description("Where the last page ended, taken from `next`. It is valid only with the same filters and order."),
  ),
);
