import { compareTexts } from "../../compare-texts";
import { TimeZone } from "../../time/time-zone";
import { comparedQuestion, type NumbersQuestion } from "../question";
import { labelOf } from "../stats-dimension";
import { EMPTY, errorOf, lineOf, type NumbersLine, otherOf, sizeOf } from "./numbers-line";
import type { NumbersState } from "./numbers-tally";

/** Makes the answer of `/theeye/stats` from a sample, or from all steps of a job. */

type ComparedLine = NumbersLine & { comparison?: NumbersLine };

interface AnsweredPeriod {
  start: string;
  end: string;
  buckets?: string[];
}

export interface NumbersAnswer {
  metric: string;
  interval: string;
  timezone: string;
  buckets?: string[];
  comparison?: AnsweredPeriod;
  results: ComparedLine[];
  other?: ComparedLine & { groups: number };
  total: ComparedLine;
  accuracy: { exact: boolean; sampled?: number; relative_error?: number; groups_folded?: true };
}

/** @param share the share of the sessions that was read; 1 for all */
export function numbersAnswer(question: NumbersQuestion, state: NumbersState, share: number): NumbersAnswer {
  const { metric, groupBy, interval, timezone } = question;
  const zone = TimeZone.find(timezone) ?? TimeZone.UTC;
  const keys = shownKeys(question, state);
  const now = linesOf(question, state, keys, share);
  const compared = comparedQuestion(question);
  const before = compared === null || state.before === undefined ? null : linesOf(compared, state.before, keys, share);
  const both = (line: NumbersLine, earlier: NumbersLine | undefined): ComparedLine =>
    earlier === undefined ? line : { ...line, comparison: earlier };
  const error = Math.max(now.error, before?.error ?? 0);
  const isFolded = state.foldedGroups > 0 || (state.before?.foldedGroups ?? 0) > 0;
  const dimensions = (key: string) => {
    const texts: (string | null)[] = JSON.parse(key);
    return Object.fromEntries(groupBy.map((dimension, place) => [labelOf(dimension), texts[place] ?? null]));
  };
  return {
    metric: metric.property === null ? metric.kind : `${metric.kind}:${metric.property.name}`,
    ...{ interval, timezone },
    ...bucketsOf(question, zone),
    ...(compared === null ? {} : { comparison: periodOf(compared, zone) }),
    results:
      groupBy.length === 0
        ? [both(now.total, before?.total)]
        : keys.map((key, place) => ({
            ...dimensions(key),
            ...both(now.groups[place] ?? now.other, before?.groups[place]),
          })),
    ...(groupBy.length === 0 ? {} : { other: { groups: now.otherGroups, ...both(now.other, before?.other) } }),
    total: both(now.total, before?.total),
    accuracy: {
      exact: share >= 1 && error === 0 && !isFolded,
      ...(share < 1 ? { sampled: share } : {}),
      ...(error > 0 ? { relative_error: Math.ceil(error * 1_000_000) / 1_000_000 } : {}),
      ...(isFolded ? { groups_folded: true as const } : {}),
    },
  };
}

/** The keys of the groups that an answer shows, the largest first. */
export function shownKeys({ metric, groupBy, top }: NumbersQuestion, { numberGroups }: NumbersState): string[] {
  if (groupBy.length === 0) return [];
  return numberGroups
    .map(([key, { total }]) => ({ key, size: sizeOf(total, metric) }))
    .sort((a, b) => b.size - a.size || compareTexts(a.key, b.key))
    .slice(0, top)
    .map(({ key }) => key);
}

/** The lines of the groups with these keys, in this order, of all others, and of all groups. */
function linesOf(question: NumbersQuestion, state: NumbersState, keys: readonly string[], share: number) {
  const groups = new Map(state.numberGroups);
  const shown = keys.map((key) => groups.get(key) ?? EMPTY);
  const shownOnes = new Set(keys);
  const rest = state.numberGroups.filter(([key]) => !shownOnes.has(key)).map(([, aggregates]) => aggregates);
  return {
    groups: shown.map((aggregates) => lineOf(aggregates, question, share)),
    other: otherOf([...rest, state.folded], question, share),
    otherGroups: rest.length + state.foldedGroups,
    total: lineOf(state.all, question, share),
    error: Math.max(0, ...[state.all, ...shown].map((aggregates) => errorOf(aggregates, question))),
  };
}

function periodOf(question: NumbersQuestion, zone: TimeZone): AnsweredPeriod {
  const { from, to } = question;
  return { start: zone.formatMoment(from), end: zone.formatMoment(to + 1), ...bucketsOf(question, zone) };
}

function bucketsOf({ bounds, interval }: NumbersQuestion, zone: TimeZone): { buckets?: string[] } {
  return interval === "none" ? {} : { buckets: bounds.slice(0, -1).map((moment) => zone.formatMoment(moment)) };
}
