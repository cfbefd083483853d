import type { Context } from "hono";
import * as v from "valibot";
import type { AppEnv } from "../../http/app-env";
import { Refusal } from "../../http/problem";
import { namedIn } from "../../http/request/unknown-application";
import { CountSchema } from "../../model/count";
import { type AskedSequence, answerSequenceBody } from "./answer-sequence";
import { rangeOf } from "./sequence-range";
import {
  DimensionSchema,
  IntervalSchema,
  patternOf,
  SequenceAnswerMembers,
  SequenceMembers,
  StepSchema,
} from "./sequence-schemas";

const MAX_DEPTH = 6;
const MAX_TOP = 50;
const DEPTH_RULE = `expected a whole number from 1 to ${MAX_DEPTH}`;
const TOP_RULE = `expected a whole number from 1 to ${MAX_TOP}`;

function wholeNumber(most: number, rule: string) {
  return v.pipe(v.number(rule), v.integer(rule), v.minValue(1, rule), v.maxValue(most, rule));
}

/** The body of `POST /theeye/paths`. */
export const PathsInput = v.strictObject({
  ...SequenceMembers,
  start: v.optional(v.pipe(StepSchema, v.description("Where paths start: at the first event that matches."))),
  end: v.optional(
    v.pipe(
      StepSchema,
      v.description(
        "Where paths end. With `start`: at the first event after it that matches. Without: at the first event that matches, and the path goes back in time.",
      ),
    ),
  ),
  events: v.optional(
    v.pipe(
      StepSchema,
      v.description("The events that paths include besides `start` and `end`. Without it, all events."),
    ),
  ),
  by: v.optional(
    v.pipe(
      DimensionSchema,
      v.description("The key that distinguishes events, such as data.path. Events without it have the key `(none)`."),
    ),
    "type",
  ),
  depth: v.optional(
    v.pipe(wholeNumber(MAX_DEPTH, DEPTH_RULE), v.description("The number of events of a path after its first one.")),
    3,
  ),
  top: v.optional(
    v.pipe(
      wholeNumber(MAX_TOP, TOP_RULE),
      v.description("The number of keys to show on each level; all others are `(other)`."),
    ),
    10,
  ),
});

export const PathsResponse = v.object({
  ...SequenceAnswerMembers,
  levels: v.pipe(
    v.array(v.array(v.object({ key: v.string(), count: CountSchema, interval_95: v.optional(IntervalSchema) }))),
    v.description(
      "Level 0 has the events at which paths start, each further level the next event. `(end)` means that the session ends here.",
    ),
  ),
  edges: v.pipe(
    v.array(
      v.object({
        level: v.pipe(CountSchema, v.description("Leads from this level to the next.")),
        from: v.string(),
        to: v.string(),
        count: CountSchema,
        interval_95: v.optional(IntervalSchema),
      }),
    ),
    v.description("The steps from a key to the next one."),
  ),
});

/** `POST /theeye/paths`: what happens after, before or between steps. */
export function askPaths(c: Context<AppEnv>): Promise<Response> {
  return answerSequenceBody(c, PathsInput, pathsOf);
}

function pathsOf(input: v.InferOutput<typeof PathsInput>, now: number): AskedSequence | Refusal {
  const { start, end, events, by, depth, top, per, timezone: zone, accuracy } = input;
  if (start === undefined && end === undefined) {
    const detail = "The member start is not valid: it is missing. Give `start`, `end` or both: `{}` means every event.";
    return new Refusal("invalid_parameter", detail, { parameter: "start" });
  }
  const range = rangeOf(input, now);
  if (range instanceof Refusal) return range;
  const patterns = {
    start: start === undefined ? null : patternOf(start),
    end: end === undefined ? null : patternOf(end),
    events: patternOf(events),
  };
  return {
    question: { kind: "paths", ...range, per, applications: null, ...patterns, by, depth, top },
    zone,
    accuracy,
    named: [
      ...namedIn("start.application", start),
      ...namedIn("end.application", end),
      ...namedIn("events.application", events),
    ],
  };
}
