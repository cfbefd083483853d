import * as v from "valibot";
import { ApplicationParameter, CategoryParameter, NameParameter } from "../../../http/request/parameters";
import { ZonedRangeParameters } from "../../../http/request/zoned-range";
import { parsePropertyPath } from "../../../model/event/property-path";
import { type AskedProperty, metricRule, parseMetric } from "../../../model/questions/metric";
import { type Dimension, dimensionRule } from "../../../model/questions/stats-dimension";
import { CALENDAR_INTERVALS, COMPARISONS } from "../../../model/time/calendar";
import { MAX_STATS_AGGREGATES } from "../../../storage/core/read-limits";

export const STATS_INTERVALS = [...CALENDAR_INTERVALS, "none"] as const;

export type StatsInterval = (typeof STATS_INTERVALS)[number];

const MAX_DIMENSIONS = 3;
const MAX_PROPERTY_DIMENSIONS = 2;

const GROUP_RULE = `expected application, category, name or data. with a path, such as data.path: each once, at most ${MAX_DIMENSIONS} of them and ${MAX_PROPERTY_DIMENSIONS} paths, separated by commas`;

const MAX_TOP = 1_000;
const TOP_RULE = `expected a whole number from 1 to ${MAX_TOP}`;

/** `data.form.first_name` is the property form.first_name. Null if the text is not such a name. */
export function readProperty(text: string): AskedProperty | null {
  const name = text.startsWith("data.") ? text.slice("data.".length) : null;
  const path = name === null ? null : parsePropertyPath(name);
  return name === null || path === null ? null : { name, path };
}

function readDimension(text: string): Dimension | null {
  if (text === "application" || text === "category" || text === "name") return { kind: text };
  const property = readProperty(text);
  return property === null ? null : { kind: "property", property };
}

function readDimensions(text: string): Dimension[] | null {
  const parts = text.split(",");
  const dimensions = parts.map(readDimension).filter((dimension) => dimension !== null);
  const paths = dimensions.filter(({ kind }) => kind === "property").length;
  const isRight =
    dimensions.length === parts.length &&
    new Set(parts).size === parts.length &&
    parts.length <= MAX_DIMENSIONS &&
    paths <= MAX_PROPERTY_DIMENSIONS;
  return isRight ? dimensions : null;
}

/** A text that `read` accepts, or an issue with the rule. */
export function readAs<Value>(read: (text: string) => Value | null, ruleOf: (text: string) => string) {
  return v.rawTransform<string, Value>(({ dataset, addIssue, NEVER }) => {
    const value = read(dataset.value);
    if (value !== null) return value;
    addIssue({ message: ruleOf(dataset.value) });
    return NEVER;
  });
}

export const IntervalParameter = v.optional(
  v.pipe(
    v.picklist(STATS_INTERVALS, `expected one of ${STATS_INTERVALS.join(", ")}`),
    v.description(
      "The width of a bucket in the time zone `timezone`. Weeks start on Monday. none returns totals only.",
    ),
  ),
  "hour",
);

export const TopParameter = v.optional(
  v.pipe(
    v.string(),
    v.regex(/^\d{1,4}$/, TOP_RULE),
    v.description(
      `The number of groups to show, largest first, from 1 to ${MAX_TOP}. All others are summed as \`other\`. Groups times buckets can be at most ${MAX_STATS_AGGREGATES}.`,
    ),
    v.transform(Number),
    v.minValue(1, TOP_RULE),
    v.maxValue(MAX_TOP, TOP_RULE),
  ),
);

export const AccuracyParameter = v.optional(
  v.pipe(
    v.picklist(["fast", "exact"], "expected fast or exact"),
    v.description(
      "If there are more events than one request reads: fast answers from a sample of the sessions, with 95 % intervals; exact starts a job (202).",
    ),
  ),
  "fast",
);

/** The parameters of `GET /theeye/stats`, without the filters by property. */
export const StatsParameters = v.object({
  metric: v.optional(
    v.pipe(
      v.string(),
      v.description(
        "What is counted: events, distinct sessions or visitors, or the sum, mean, median, 90th or 99th percentile of a number in the payload. Percentiles use the nearest rank.",
      ),
      readAs(parseMetric, metricRule),
    ),
    "events",
  ),
  interval: IntervalParameter,
  ...ZonedRangeParameters,
  group_by: v.optional(
    v.pipe(
      v.string(),
      v.description(`The grouping: ${GROUP_RULE.replace("expected ", "")}.`),
      readAs(readDimensions, (text) => dimensionRule(text, GROUP_RULE)),
    ),
  ),
  top: TopParameter,
  compare: v.optional(
    v.pipe(
      v.picklist(COMPARISONS, `expected ${COMPARISONS.join(" or ")}`),
      v.description("Adds the same numbers for the period before, or for the same dates a year before."),
    ),
  ),
  accuracy: AccuracyParameter,
  application: ApplicationParameter,
  category: CategoryParameter,
  name: NameParameter,
});
