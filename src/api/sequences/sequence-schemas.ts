import * as v from "valibot";
import { ZonedRangeParameters } from "../../http/request/zoned-range";
import { parsePropertyPath, pathRule } from "../../model/event/property-path";
import { parseValueFilter, VALUE_FILTER_RULE } from "../../model/event/property-value";
import { MAX_NAME_CHARACTERS } from "../../model/limits";
import type { QuestionDimension } from "../../model/questions/dimension";
import { ANY_EVENT, type EventPattern } from "../../model/questions/event-pattern";
import { dimensionRule } from "../../model/questions/stats-dimension";
import { MAX_EVENTS_AT_ONCE, MAX_QUESTION_PATHS } from "../../storage/sequences/limits";
import { RowsReadSchema } from "../questions/stats/stats-body";

/** What queries about sequences have in common: which events they select, whose, and how exact the result is. */

const MAX_VALUES = 100;

const text = (description: string) =>
  v.optional(
    v.pipe(
      v.string("expected text"),
      v.nonEmpty("expected text, or leave it out for any"),
      v.maxLength(MAX_NAME_CHARACTERS, `expected at most ${MAX_NAME_CHARACTERS} characters`),
      v.description(description),
    ),
  );

const ValueSchema = v.union(
  [v.pipe(v.string(), v.maxLength(500)), v.number(), v.boolean()],
  `expected ${VALUE_FILTER_RULE}, as text of at most 500 characters, a number or a boolean`,
);

const ValuesSchema = v.union(
  [ValueSchema, v.pipe(v.array(ValueSchema), v.minLength(1), v.maxLength(MAX_VALUES))],
  `expected a value or 1 to ${MAX_VALUES} of them: ${VALUE_FILTER_RULE}`,
);

const PathSchema = v.pipe(
  v.string(),
  v.check(
    (path) => parsePropertyPath(path) !== null,
    ({ input }) => pathRule(input),
  ),
);

/** The events that a step selects. */
export const StepSchema = v.pipe(
  v.strictObject({
    application: text("Only events from this application."),
    category: text("Only events of this category."),
    name: text("Only events with this name."),
    data: v.optional(
      v.pipe(
        v.record(PathSchema, ValuesSchema),
        v.description(
          `Values of properties of the payload, by their paths: \`{"path": ["/", "/blog/*"]}\`. Each property must have one of its values: ${VALUE_FILTER_RULE}.`,
        ),
      ),
    ),
  }),
  v.description("Selects events that match all members; `{}` selects every event."),
);

export type Step = v.InferOutput<typeof StepSchema>;

export function patternOf(step: Step | undefined): EventPattern {
  if (step === undefined) return ANY_EVENT;
  return {
    application: step.application ?? null,
    category: step.category ?? null,
    name: step.name ?? null,
    data: Object.entries(step.data ?? {}).map(([path, values]) => ({
      path: parsePropertyPath(path) ?? [path],
      filter: parseValueFilter([values].flat().map(String)),
    })),
  };
}

const DIMENSION_RULE = "expected type, application, category, name, or data. with a path, such as data.path";

export const DimensionSchema = v.pipe(
  v.string(DIMENSION_RULE),
  v.description("type (category and name), application, category, name, or the value of a property: data.path."),
  v.rawTransform(({ dataset, addIssue, NEVER }): QuestionDimension => {
    const dimension = readDimension(dataset.value);
    if (dimension !== null) return dimension;
    addIssue({ message: dimensionRule(dataset.value, DIMENSION_RULE) });
    return NEVER;
  }),
);

function readDimension(given: string): QuestionDimension | null {
  if (given === "type" || given === "application" || given === "category" || given === "name") return { kind: given };
  const path = given.startsWith("data.") ? parsePropertyPath(given.slice("data.".length)) : null;
  return path === null ? null : { kind: "property", path };
}

export const PerSchema = v.optional(
  v.pipe(
    v.picklist(["session", "visitor"], "expected session or visitor"),
    v.description(
      "Whose events form a sequence: those of a session, or those with the same `visitor_id` over all sessions.",
    ),
  ),
  "session",
);

export const AccuracyParameter = v.optional(
  v.pipe(
    v.picklist(["fast", "exact"], "expected fast or exact"),
    v.description(
      `fast: reads up to ${MAX_EVENTS_AT_ONCE} events, and above that a sample of sessions of about that size, with 95 % intervals. exact: reads everything; above ${MAX_EVENTS_AT_ONCE} events as a job. Queries per visitor are never sampled.`,
    ),
  ),
  "fast",
);

/** The members of every query about sequences. */
export const SequenceMembers = { ...ZonedRangeParameters, per: PerSchema, accuracy: AccuracyParameter };

/** Queries with more properties are refused: each property costs time in every event that is read. */
export const PATHS_RULE = `expected at most ${MAX_QUESTION_PATHS} different properties in all steps together`;

export const IntervalSchema = v.pipe(
  v.tuple([v.number(), v.number()]),
  v.description("The 95 % interval of the number. Only if the result is sampled."),
);

/** The members of every result about sequences. */
export const SequenceAnswerMembers = {
  start: v.pipe(v.string(), v.description("The start of the range, in the requested time zone.")),
  end: v.pipe(v.string(), v.description("The end of the range, exclusive.")),
  accuracy: v.pipe(
    v.object({
      exact: v.boolean(),
      sampled: v.optional(v.pipe(v.number(), v.description("The share of all sessions that was read."))),
      folded: v.optional(
        v.pipe(
          v.literal(true),
          v.description("There were too many distinct keys to keep apart: rare ones are in `(other)`."),
        ),
      ),
      percentiles_relative_error: v.optional(
        v.pipe(
          v.number(),
          v.description("The most by which `p50` and `p90` of times may differ, as a share of them: many are rounded."),
        ),
      ),
    }),
    v.description("exact: every session (or visitor) of the range was read."),
  ),
  rows_read: RowsReadSchema,
};

/** 202: a job computes the result. */
export const JobStartedSchema = v.object({
  job: v.string(),
  url: v.pipe(
    v.string(),
    v.description(
      "Where the job stands, and at the end its result: a reference relative to the requested URL (RFC 3986).",
    ),
  ),
});
