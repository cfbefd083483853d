import * as v from "valibot";
import { ZonedRangeParameters } from "../../http/request/zoned-range";
import { CountSchema } from "../../model/count";
import { PATH_RULE, parsePropertyPath } from "../../model/event/property-path";
import { parseValueFilter, VALUE_FILTER_RULE } from "../../model/event/property-value";
import { MAX_NAME_CHARACTERS } from "../../model/limits";
import type { QuestionDimension } from "../../model/questions/dimension";
import { ANY_EVENT, type EventPattern } from "../../model/questions/event-pattern";
import { MAX_EVENTS_AT_ONCE, MAX_QUESTION_PATHS } from "../../storage/sequences/limits";

/** What questions about sequences have in common: which events they mean, whose, and how exact the answer is. */

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
  v.check((path) => parsePropertyPath(path) !== null, PATH_RULE),
);

/** Which events a step means. */
export const StepSchema = v.pipe(
  v.strictObject({
    application: text("Only what this application sent."),
    category: text("Only this category."),
    name: text("Only this name."),
    data: v.optional(
      v.pipe(
        v.record(PathSchema, ValuesSchema),
        v.description(
          `Values of properties of the payload, by their paths: \`{"path": ["/", "/blog/*"]}\`. Each property must have any of its values: ${VALUE_FILTER_RULE}.`,
        ),
      ),
    ),
  }),
  v.description("Events that have all of this; `{}` means every event."),
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
    addIssue({ message: DIMENSION_RULE });
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
      "Whose events are put in a row: those of a session, or those that carry the same `visitor_id`, over all sessions.",
    ),
  ),
  "session",
);

export const AccuracyParameter = v.optional(
  v.pipe(
    v.picklist(["fast", "exact"], "expected fast or exact"),
    v.description(
      `fast: up to ${MAX_EVENTS_AT_ONCE} events are read, beyond that a sample of sessions as large, with 95 % intervals. exact: everything is read; above ${MAX_EVENTS_AT_ONCE} events that is a job. Questions per visitor are never sampled.`,
    ),
  ),
  "fast",
);

/** The members that every question about sequences takes. */
export const SequenceMembers = { ...ZonedRangeParameters, per: PerSchema, accuracy: AccuracyParameter };

/** Refused where a question looks at more properties: each costs in every event that is read. */
export const PATHS_RULE = `expected at most ${MAX_QUESTION_PATHS} different properties in all steps together`;

export const IntervalSchema = v.pipe(
  v.tuple([v.number(), v.number()]),
  v.description("Between which numbers the true one lies with 95 %. Only where the answer is sampled."),
);

/** What every answer to a question about sequences carries. */
export const SequenceAnswerMembers = {
  start: v.pipe(v.string(), v.description("The first moment of the range, in the asked zone.")),
  end: v.pipe(v.string(), v.description("The end of the range, exclusive.")),
  accuracy: v.pipe(
    v.object({
      exact: v.boolean(),
      sampled: v.optional(v.pipe(v.number(), v.description("The share of all sessions that was read."))),
      folded: v.optional(
        v.pipe(
          v.literal(true),
          v.description("There were too many different keys to keep apart: rare ones stand in `(other)`."),
        ),
      ),
    }),
    v.description("exact: every session (or visitor) of the range was read."),
  ),
  rows_read: v.pipe(CountSchema, v.description("Rows that were read in D1, as they are billed.")),
};

/** 202: the answer is on its way. */
export const JobStartedSchema = v.object({
  job: v.string(),
  url: v.pipe(v.string(), v.description("Where the job stands, and at the end its result.")),
});
