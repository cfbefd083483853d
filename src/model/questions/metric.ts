import { type PropertyPath, parsePropertyPath, pathRule } from "../event/property-path";

/** A property of payloads, as a query names it. */
export interface AskedProperty {
  /** As text: `form.first_name`. */
  name: string;
  path: PropertyPath;
}

export type PercentileMetric = "p50" | "p90" | "p99";

export type NumberMetric = "sum" | "avg" | PercentileMetric;

/** What is counted: events, distinct sessions or visitors, or the numbers in a property. */
export type Metric =
  | { kind: "events" | "sessions" | "visitors"; property: null }
  | { kind: NumberMetric; property: AskedProperty };

const METRIC_RULE =
  "expected events, sessions, visitors, or sum:, avg:, p50:, p90: or p99: with the path of a number, such as sum:price";

/** The message for a text that is not a metric. */
export function metricRule(text: string): string {
  return pathRule(text.slice(text.indexOf(":") + 1), METRIC_RULE);
}

/** Reads a metric as questions write it: `sum:price`. Null if it is not a metric. */
export function parseMetric(text: string): Metric | null {
  if (text === "events" || text === "sessions" || text === "visitors") return { kind: text, property: null };
  const [, kind, name = ""] = /^(sum|avg|p50|p90|p99):(.*)$/s.exec(text) ?? [];
  const path = parsePropertyPath(name);
  if (path === null) return null;
  if (kind === undefined || (kind !== "sum" && kind !== "avg" && !isPercentile(kind))) return null;
  return { kind, property: { name, path } };
}

export function isPercentile(kind: string): kind is PercentileMetric {
  return kind === "p50" || kind === "p90" || kind === "p99";
}
