import type { PropertyPath } from "../../event/property-path";
import { dimensionText, pathsOfDimension } from "../dimension";
import { matchesPattern, pathsOf } from "../event-pattern";
import { isPercentile } from "../metric";
import { type NumbersAnswer, numbersAnswer } from "../numbers/numbers-answer";
import { numbersItemOf } from "../numbers/numbers-item";
import { type NumbersItem, type NumbersState, NumbersTally } from "../numbers/numbers-tally";
import {
  type FunnelQuestion,
  type NumbersQuestion,
  type PathsQuestion,
  patternsOf,
  type RetentionQuestion,
  type SequenceQuestion,
  type SessionsQuestion,
} from "../question";
import { answerWith } from "../sessions/session-metrics";
import { type SessionsAnswer, sessionsAnswer } from "../sessions/sessions-answer";
import { type SessionItem, type SessionsState, SessionsTally, sessionItemOf } from "../sessions/sessions-tally";
import { type FunnelEvent, furthestPath } from "./funnel";
import { type FunnelAnswer, funnelAnswer } from "./funnel-answer";
import { type FunnelState, FunnelTally } from "./funnel-tally";
import { type PathAnswer, type PathState, PathTally, pathAnswer } from "./path-tally";
import { type PathEvent, pathOf } from "./paths";
import { type RetentionEvent, retainedBy } from "./retention";
import { type RetentionAnswer, type RetentionState, RetentionTally, retentionAnswer } from "./retention-tally";
import type { SequenceEvent } from "./sequence-event";

export type SequenceState = FunnelState | PathState | RetentionState | NumbersState | SessionsState;

export type SequenceAnswer = FunnelAnswer | PathAnswer | RetentionAnswer | NumbersAnswer | SessionsAnswer;

/**
 * Counts the sequences of one query. Each event is reduced to what the query needs when it is read. A sequence is
 * counted once all its events are known.
 */
export interface SequenceTally<Item> {
  /** Returns null if the query does not use the event. */
  itemOf(event: SequenceEvent): Item | null;
  /** @param items the items of one session or visitor, in order */
  add(items: readonly Item[]): void;
  addAll(state: SequenceState): void;
  readonly state: SequenceState;
}

/** The properties that must be read to answer a query. */
export function pathsToRead(question: SequenceQuestion): PropertyPath[] {
  if (question.kind === "stats") {
    const { metric, groupBy } = question;
    const asked = groupBy.flatMap((one) => (one.kind === "property" ? [one.property] : []));
    const paths = [...asked, ...(metric.property === null ? [] : [metric.property])].map(({ path }) => path);
    return pathsOf(patternsOf(question), paths);
  }
  if (question.kind === "session_stats") {
    const { groupBy } = question;
    const by = groupBy === null || groupBy === "application" ? null : groupBy.by;
    return pathsOf(patternsOf(question), by === null ? [] : [by.path]);
  }
  const dimension = question.kind === "funnel" ? question.groupBy : question.kind === "paths" ? question.by : null;
  return pathsOf(patternsOf(question), pathsOfDimension(dimension));
}

/** Returns whether the visitors of events must be read to answer a query. */
export function readsVisitors({ kind, per }: SequenceQuestion): boolean {
  return per === "visitor" || kind === "session_stats";
}

/**
 * Calls a function with the tally of a query; the function does not depend on the query's kind.
 *
 * @param found for a further pass over the same events: see `nextPass`
 */
export function withTally<Result>(
  question: SequenceQuestion,
  use: <Item>(tally: SequenceTally<Item>) => Result,
  found: NumbersState | null = null,
): Result {
  if (question.kind === "funnel") return use(funnelTally(question));
  if (question.kind === "paths") return use(pathTally(question));
  if (question.kind === "stats") return use(numbersTally(question, found));
  if (question.kind === "session_stats") return use(sessionsTally(question));
  return use(retentionTally(question));
}

/** @param share the share of the sessions (or visitors) that was read; 1: all */
export function answerOf(question: SequenceQuestion, state: SequenceState, share: number): SequenceAnswer {
  if (question.kind === "funnel") {
    const { steps, groupBy } = question;
    return funnelAnswer(asFunnel(state), { steps: steps.length, share, isGrouped: groupBy !== null });
  }
  if (question.kind === "paths") return pathAnswer(asPaths(state), question.top, share);
  if (question.kind === "stats") return numbersAnswer(question, asNumbers(state), share);
  if (question.kind === "session_stats") {
    return answerWith(question.metrics ?? null, sessionsAnswer(question, asSessions(state), share));
  }
  return retentionAnswer(asRetention(state), question.labels, share);
}

function funnelTally(question: FunnelQuestion): SequenceTally<FunnelEvent> {
  const { steps, within, groupBy } = question;
  const tally = new FunnelTally(steps.length);
  return {
    itemOf({ occurredAt, source, valueAt }) {
      const bits = steps.reduce((sum, step, n) => (matchesPattern(step, source, valueAt) ? sum | (1 << n) : sum), 0);
      if (bits === 0) return null;
      const group = groupBy === null || (bits & 1) === 0 ? null : dimensionText(groupBy, source, valueAt);
      return { occurredAt, steps: bits, group };
    },
    add(items) {
      const path = furthestPath(items, steps.length, within);
      if (path !== null) tally.add(path);
    },
    addAll: (state) => tally.addAll(asFunnel(state)),
    get state() {
      return tally.state;
    },
  };
}

function pathTally({ start, end, events, by, depth }: PathsQuestion): SequenceTally<PathEvent> {
  const tally = new PathTally();
  const question = { hasStart: start !== null, hasEnd: end !== null, depth };
  return {
    itemOf({ source, valueAt }) {
      const isStart = start !== null && matchesPattern(start, source, valueAt);
      const isEnd = end !== null && matchesPattern(end, source, valueAt);
      if (!isStart && !isEnd && !matchesPattern(events, source, valueAt)) return null;
      return { key: dimensionText(by, source, valueAt), isStart, isEnd };
    },
    add(items) {
      const keys = pathOf(items, question);
      if (keys !== null) tally.add(keys);
    },
    addAll: (state) => tally.addAll(asPaths(state)),
    get state() {
      return tally.state;
    },
  };
}

function retentionTally({ first, returning, starts, columns }: RetentionQuestion): SequenceTally<RetentionEvent> {
  const tally = new RetentionTally(starts.length - 1, columns);
  return {
    itemOf({ occurredAt, source, valueAt }) {
      const isFirst = matchesPattern(first, source, valueAt);
      const isReturn = matchesPattern(returning, source, valueAt);
      return isFirst || isReturn ? { occurredAt, isFirst, isReturn } : null;
    },
    add(items) {
      const retained = retainedBy(items, starts);
      if (retained !== null) tally.add(retained);
    },
    addAll: (state) => tally.addAll(asRetention(state)),
    get state() {
      return tally.state;
    },
  };
}

/** Its items are those of the query's own period. The numbers of the compared one are only added. */
function numbersTally(question: NumbersQuestion, found: NumbersState | null): SequenceTally<NumbersItem> {
  const { kind } = question.metric;
  const isCompared = question.comparedBounds !== null;
  const options = {
    isDistinct: kind === "sessions" || kind === "visitors",
    hasValues: isPercentile(kind),
    isGrouped: question.groupBy.length > 0,
    hasBuckets: question.bounds.length > 2,
    parts: isCompared ? 2 : 1,
  };
  const tally = new NumbersTally({ ...options, found });
  const before = new NumbersTally({ ...options, found: null });
  return {
    itemOf: numbersItemOf(question),
    add: (items) => tally.add(items),
    addAll: (state) => {
      const own = asNumbers(state);
      tally.addAll(own);
      if (own.before !== undefined) before.addAll(own.before);
    },
    get state() {
      return isCompared ? { ...tally.state, before: before.state } : tally.state;
    },
  };
}

function sessionsTally(question: SessionsQuestion): SequenceTally<SessionItem> {
  const tally = new SessionsTally(question);
  return {
    itemOf: sessionItemOf(question),
    add: (items) => tally.add(items),
    addAll: (state) => tally.addAll(asSessions(state)),
    get state() {
      return tally.state;
    },
  };
}

function asSessions(state: SequenceState): SessionsState {
  if ("sessionGroups" in state) return state;
  throw new TypeError("expected the state of sessions");
}

export function asNumbers(state: SequenceState): NumbersState {
  if ("numberGroups" in state) return state;
  throw new TypeError("expected the state of numbers");
}

function asFunnel(state: SequenceState): FunnelState {
  if ("groups" in state) return state;
  throw new TypeError("expected the state of a funnel");
}

function asPaths(state: SequenceState): PathState {
  if ("edges" in state) return state;
  throw new TypeError("expected the state of paths");
}

function asRetention(state: SequenceState): RetentionState {
  if ("cohorts" in state) return state;
  throw new TypeError("expected the state of retention");
}
