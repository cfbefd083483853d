import type { Micros } from "../time/time";
import type { QuestionDimension } from "./dimension";
import type { EventPattern } from "./event-pattern";
import type { Metric } from "./metric";
import type { SessionDimension } from "./sessions/session-dimension";
import type { SessionMetric } from "./sessions/session-metrics";
import type { Dimension, PropertyFilter } from "./stats-dimension";
import type { PropertyTemplate } from "./templated-values";

/** Whose events form a sequence: those of one session, or those of one visitor over all sessions. */
export type Unit = "session" | "visitor";

interface Ranged {
  /** Both inclusive. */
  from: Micros;
  to: Micros;
  per: Unit;
  /** The applications whose events the key may read. Null: all. */
  applications: readonly string[] | null;
}

export interface FunnelQuestion extends Ranged {
  kind: "funnel";
  steps: readonly EventPattern[];
  /** The longest time from the first step to the last. Null: any time. */
  within: Micros | null;
  groupBy: QuestionDimension | null;
}

export interface PathsQuestion extends Ranged {
  kind: "paths";
  start: EventPattern | null;
  end: EventPattern | null;
  /** The events that paths consist of. */
  events: EventPattern;
  by: QuestionDimension;
  depth: number;
  top: number;
}

export interface RetentionQuestion extends Ranged {
  kind: "retention";
  /** The starts of the periods, ascending, and the end of the last one. */
  starts: readonly Micros[];
  /** The name of each period in the answer. */
  labels: readonly string[];
  /** Periods that are counted for each cohort. */
  columns: number;
  first: EventPattern;
  returning: EventPattern;
}

/** Only these events are examined. */
interface FilteredEvents {
  category: string | null;
  name: string | null;
  properties: readonly PropertyFilter[];
}

/** Numbers over time, for more events than one request reads. */
export interface NumbersQuestion extends Ranged, FilteredEvents {
  kind: "stats";
  metric: Metric;
  groupBy: readonly Dimension[];
  /** The starts of the buckets and the end of the last one, ascending. */
  bounds: readonly Micros[];
  /** The bounds of the period that the numbers are compared with. Null: none. */
  comparedBounds: readonly Micros[] | null;
  /** As requested, for the answer. */
  interval: string;
  timezone: string;
  /** How many groups are shown. */
  top: number;
  /** The templates of declared properties. */
  templates: readonly PropertyTemplate[];
}

/** Numbers about sessions, for more events than one request reads. */
export interface SessionsQuestion extends Ranged, FilteredEvents {
  kind: "session_stats";
  /** Null: all. A job that was started by an older deployment has none. */
  metrics?: readonly SessionMetric[] | null;
  groupBy: SessionDimension | null;
  /** The starts of the buckets and the end of the last one, ascending. */
  bounds: readonly Micros[];
  /** As requested, for the answer. */
  interval: string;
  timezone: string;
  /** How many groups are shown. */
  top: number;
  /** The templates of declared properties. */
  templates: readonly PropertyTemplate[];
}

/** A query about sequences, as the databases receive it and a job stores it. Plain JSON. */
export type SequenceQuestion = FunnelQuestion | PathsQuestion | RetentionQuestion | NumbersQuestion | SessionsQuestion;

/** The same query about the period that its numbers are compared with. Null if there is none. */
export function comparedQuestion(question: NumbersQuestion): NumbersQuestion | null {
  const { comparedBounds: bounds } = question;
  if (bounds === null) return null;
  return { ...question, from: bounds[0] ?? 0, to: (bounds.at(-1) ?? 0) - 1, bounds, comparedBounds: null };
}

/** The query for each period that its events are in: one, or two that may overlap. */
export function periodsOf(question: SequenceQuestion): SequenceQuestion[] {
  const compared = question.kind === "stats" ? comparedQuestion(question) : null;
  return compared === null ? [question] : [question, compared];
}

/** The patterns of the events that a query reads: each of them matches at least one. */
export function patternsOf(question: SequenceQuestion): readonly EventPattern[] {
  if (question.kind === "funnel") return question.steps;
  if (question.kind === "retention") return [question.first, question.returning];
  if (question.kind === "stats" || question.kind === "session_stats") return [filterPattern(question)];
  return [question.events, question.start, question.end].filter((pattern) => pattern !== null);
}

function filterPattern({ category, name, properties }: FilteredEvents): EventPattern {
  return {
    ...{ category, name, application: null },
    data: properties.map(({ property, ...filter }) => ({ path: property.path, filter })),
  };
}
