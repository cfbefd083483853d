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

const MAX_STEPS = 8;
const STEPS_RULE = `expected 2 to ${MAX_STEPS} steps`;
const WITHIN_RULE = "expected a number of seconds, from 0 to 31622400 (a year)";

/** The body of `POST /theeye/funnels`. */
export const FunnelInput = v.strictObject({
  ...SequenceMembers,
  steps: v.pipe(
    v.array(StepSchema, STEPS_RULE),
    v.minLength(2, STEPS_RULE),
    v.maxLength(MAX_STEPS, STEPS_RULE),
    v.description("The steps, in this order. Other events may happen in between."),
  ),
  within_seconds: v.optional(
    v.pipe(
      v.number(WITHIN_RULE),
      v.minValue(0, WITHIN_RULE),
      v.maxValue(31_622_400, WITHIN_RULE),
      v.description("The most time from the first step to the last, in seconds. Without it there is no limit."),
    ),
  ),
  group_by: v.optional(
    v.pipe(
      DimensionSchema,
      v.description("Groups the result by this part of the first step's event, such as data.path."),
    ),
  ),
});

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

const StepAnswerSchema = v.object({
  count: v.pipe(CountSchema, v.description("The sessions (or visitors) that reached this step.")),
  interval_95: v.optional(IntervalSchema),
  share_of_first: share,
  share_of_first_interval_95: v.optional(IntervalSchema),
  share_of_previous: share,
  share_of_previous_interval_95: v.optional(IntervalSchema),
  seconds_from_previous: v.optional(
    v.pipe(
      v.object({
        p50: v.number(),
        p90: v.number(),
        p50_interval_95: v.optional(IntervalSchema),
        p90_interval_95: v.optional(IntervalSchema),
      }),
      v.description(
        "The time since the step before, to the millisecond: the median and the 90th percentile (nearest rank).",
      ),
    ),
  ),
});

export const FunnelResponse = v.object({
  ...SequenceAnswerMembers,
  steps: v.array(StepAnswerSchema),
  groups: v.optional(
    v.pipe(
      v.array(v.object({ group: v.string(), steps: v.array(StepAnswerSchema) })),
      v.description(
        "With `group_by`: the largest groups, and all others as `(other)`. Their counts add up to `steps`.",
      ),
    ),
  ),
});

/** `POST /theeye/funnels`: how many sessions or visitors complete a series of steps. */
export function askFunnel(c: Context<AppEnv>): Promise<Response> {
  return answerSequenceBody(c, FunnelInput, funnelOf);
}

function funnelOf(input: v.InferOutput<typeof FunnelInput>, now: number): AskedSequence | Refusal {
  const range = rangeOf(input, now);
  if (range instanceof Refusal) return range;
  const { within_seconds: seconds, group_by: groupBy = null, steps, per, timezone: zone, accuracy } = input;
  const within = seconds === undefined ? null : Math.round(seconds * 1_000_000);
  return {
    question: { kind: "funnel", ...range, per, applications: null, within, groupBy, steps: steps.map(patternOf) },
    zone,
    accuracy,
    named: steps.flatMap((step, place) => namedIn(`steps.${place}.application`, step)),
  };
}
