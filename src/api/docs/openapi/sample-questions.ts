import { schemaReference } from "./json-schema";
import type { MediaType } from "./operation";
import type { SchemaName } from "./schemas";

/** The questions of the examples, and what their operations share. */

/** The range that the samples' answers show. */
export const RANGE = { start: "2021-01-01T00:00:00+00:00", end: "2021-01-02T00:00:00+00:00" };

/** A range that holds the sample events. */
export const SAMPLE_DAY = { start_date: "2021-01-01", end_date: "2021-01-01" };

/** What an answer cost. */
export const COST = { accuracy: { exact: true }, rows_read: 12 };

export const FUNNEL = {
  ...SAMPLE_DAY,
  per: "session",
  within_seconds: 1_800,
  steps: [
    { category: "page interaction", name: "pageview", data: { path: ["/"] } },
    { name: "cta click" },
    { category: "form interaction", name: "submit" },
  ],
};

export const FUNNEL_ANSWER = {
  ...RANGE,
  steps: [
    { count: 1, share_of_first: 1, share_of_previous: 1 },
    { count: 1, share_of_first: 1, share_of_previous: 1, seconds_from_previous: { p50: 0, p90: 0 } },
    { count: 1, share_of_first: 1, share_of_previous: 1, seconds_from_previous: { p50: 0, p90: 0 } },
  ],
  ...COST,
};

/** What every operation shares that asks a question. */
export const ASKING = { tag: "Queries", scope: "read" } as const;
export const QUESTION_BODY = "One JSON object, with any content type, plain or gzip.";
export const QUESTION_PROBLEMS = ["invalid_parameter", "question_too_large", "rate_limited"] as const;

/** The content of a body that asks a question, with one example. */
export function questionBody(name: SchemaName, summary: string, value: unknown): Record<string, MediaType> {
  return { "application/json": { schema: schemaReference(name), examples: { example: { summary, value } } } };
}
