import * as v from "valibot";
import { parsePropertyPath, pathRule } from "../event/property-path";
import { VALUE_FILTER_RULE } from "../event/property-value";
import { metricRule, parseMetric } from "../questions/metric";
import { TimeZone } from "../time/time-zone";

/** The threshold of an alert on a number of stored events. Members stay as written, because the alert is stored as JSON. */

const MAX_PROPERTIES = 4;
const MAX_VALUES = 100;

const bound = v.pipe(v.number(), v.finite(), v.minValue(-1e15), v.maxValue(1e15));

const counted = {
  metric: v.pipe(
    v.string(),
    v.check(
      (text) => parseMetric(text) !== null,
      ({ input }) => metricRule(input),
    ),
    v.description("events, sessions, visitors, or sum:, avg:, p50:, p90: or p99: with the path of a number."),
  ),
  data: v.optional(
    v.pipe(
      v.record(
        v.pipe(
          v.string(),
          v.check(
            (path) => parsePropertyPath(path) !== null,
            ({ input }) => pathRule(input),
          ),
        ),
        v.pipe(v.array(v.pipe(v.string(), v.maxLength(500))), v.minLength(1), v.maxLength(MAX_VALUES)),
      ),
      v.check((data) => Object.keys(data).length <= MAX_PROPERTIES, `expected at most ${MAX_PROPERTIES} properties`),
      v.description(
        `Values of properties. An event must have one of the values of each property: ${VALUE_FILTER_RULE}.`,
      ),
    ),
  ),
};

export const AboveSchema = v.strictObject({ ...counted, above: bound });
export const BelowSchema = v.strictObject({ ...counted, below: bound });
export const ChangeSchema = v.strictObject({
  ...counted,
  change: v.pipe(
    v.number(),
    v.gtValue(0),
    v.maxValue(1_000),
    v.description(
      "The change, as a share of the usual number: 0.5 is 50 % more or less. Usual is the mean of the same window in the last weeks.",
    ),
  ),
  direction: v.optional(v.picklist(["up", "down", "any"], "expected up, down or any"), "any"),
  weeks: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(8)), 4),
  timezone: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(64),
      v.check(
        (name) => TimeZone.find(name) !== null,
        "expected the name of a time zone, such as Europe/Berlin, or an offset such as +05:30",
      ),
      v.description(
        "An IANA name such as Europe/Berlin: the windows of the last weeks end at the same time of day there, also if clocks have changed since.",
      ),
    ),
  ),
  at_least: v.optional(
    v.pipe(bound, v.description("The alert does not begin if the usual number is less than this.")),
    1,
  ),
});

export const NUMBER_THRESHOLD_RULE =
  '{"metric": "events", "above": 1000}, the same with "below", or {"metric": "events", "change": 0.5, "weeks": 4}';

export type NumberThreshold =
  | v.InferOutput<typeof AboveSchema>
  | v.InferOutput<typeof BelowSchema>
  | v.InferOutput<typeof ChangeSchema>;

/** The number of the window, and the usual one. Null if there is none. */
export interface NumberMeasurement {
  value: number | null;
  usual: number | null;
}

/** Whether a number reaches a threshold. A missing number reaches none. */
export function reachesNumber(threshold: NumberThreshold, { value, usual }: NumberMeasurement): boolean {
  if (value === null) return false;
  if ("above" in threshold) return value > threshold.above;
  if ("below" in threshold) return value < threshold.below;
  if (usual === null || usual < threshold.at_least || usual === 0) return false;
  const change = (value - usual) / Math.abs(usual);
  if (threshold.direction === "up") return change >= threshold.change;
  if (threshold.direction === "down") return -change >= threshold.change;
  return Math.abs(change) >= threshold.change;
}
