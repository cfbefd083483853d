import type { Micros } from "../time/time";
import type { QuestionDimension } from "./dimension";
import type { EventPattern } from "./event-pattern";

/** Whose events are put in a row: those of a session, or those that carry a visitor, over all sessions. */
export type Unit = "session" | "visitor";

interface Ranged {
  /** Both inclusive. */
  from: Micros;
  to: Micros;
  per: Unit;
  /** Only events of these applications are there for who asks; null: all. */
  applications: readonly string[] | null;
}

export interface FunnelQuestion extends Ranged {
  kind: "funnel";
  steps: readonly EventPattern[];
  /** From the first step to the last; null: any time. */
  within: Micros | null;
  groupBy: QuestionDimension | null;
}

export interface PathsQuestion extends Ranged {
  kind: "paths";
  start: EventPattern | null;
  end: EventPattern | null;
  /** Of what events paths are made. */
  events: EventPattern;
  by: QuestionDimension;
  depth: number;
  top: number;
}

export interface RetentionQuestion extends Ranged {
  kind: "retention";
  /** Where the periods start, ascending, and where the last one ends. */
  starts: readonly Micros[];
  /** How each period is called in the answer. */
  labels: readonly string[];
  /** Periods that are counted of each cohort. */
  columns: number;
  first: EventPattern;
  returning: EventPattern;
}

/** A question about sequences, as it is asked of the databases and kept with a job. Plain JSON. */
export type SequenceQuestion = FunnelQuestion | PathsQuestion | RetentionQuestion;

/** Every event that the question looks at matches one of these. */
export function patternsOf(question: SequenceQuestion): readonly EventPattern[] {
  if (question.kind === "funnel") return question.steps;
  if (question.kind === "retention") return [question.first, question.returning];
  return [question.events, question.start, question.end].filter((pattern) => pattern !== null);
}
