import { compareTexts } from "../../compare-texts";
import { type Distribution, DistributionTally, quantileOf, rankedValues } from "../numbers/distribution";
import { type Interval, quantileRanks, shareInterval } from "../numbers/estimate";
import { type Accuracy, accuracyOf, countOf, rounded, roundedInterval } from "../numbers/sampling";
import type { FunnelPath } from "./funnel";

/** Groups that are counted separately. Later groups are combined. */
export const MAX_FUNNEL_GROUPS = 1_000;

/** Groups in an answer. The others are combined as OTHER_GROUPS. */
export const MAX_GROUPS_SHOWN = 50;

const OTHER_GROUPS = "(other)";

/** The counts of the sessions read so far, in a form that JSON can store. */
export interface FunnelState {
  /** Sessions by the number of completed steps, for each group: [0] completed one. */
  groups: [group: string | null, counts: number[]][];
  /** Milliseconds from each step to the next: [0] from the first to the second. */
  gaps: Distribution[];
  isFolded: boolean;
}

/** Counts how many steps sessions completed. States of different sessions can be added. */
export class FunnelTally {
  private readonly groups = new Map<string | null, number[]>();
  private readonly gaps: DistributionTally[];
  private isFolded = false;

  constructor(private readonly steps: number) {
    this.gaps = Array.from({ length: steps - 1 }, () => new DistributionTally());
  }

  add({ moments, group }: FunnelPath): void {
    this.count(group, moments.length - 1, 1);
    for (const [step, gap] of this.gaps.entries()) {
      const [from, to] = [moments[step], moments[step + 1]];
      if (from !== undefined && to !== undefined) gap.add(Math.round((to - from) / 1_000));
    }
  }

  addAll(state: FunnelState): void {
    for (const [group, counts] of state.groups) {
      for (const [step, sessions] of counts.entries()) this.count(group, step, sessions);
    }
    for (const [step, gap] of state.gaps.entries()) this.gaps[step]?.addAll(gap);
    this.isFolded ||= state.isFolded;
  }

  get state(): FunnelState {
    return {
      groups: [...this.groups],
      gaps: this.gaps.map(({ distribution }) => distribution),
      isFolded: this.isFolded,
    };
  }

  private count(group: string | null, step: number, sessions: number): void {
    const isNew = !this.groups.has(group);
    if (isNew && this.groups.size >= MAX_FUNNEL_GROUPS && group !== OTHER_GROUPS) {
      this.isFolded = true;
      this.count(OTHER_GROUPS, step, sessions);
      return;
    }
    const counts = this.groups.get(group) ?? Array.from({ length: this.steps }, () => 0);
    counts[step] = (counts[step] ?? 0) + sessions;
    this.groups.set(group, counts);
  }
}

export interface FunnelStepAnswer {
  count: number;
  interval_95?: Interval;
  share_of_first: number;
  share_of_first_interval_95?: Interval;
  share_of_previous: number;
  share_of_previous_interval_95?: Interval;
  seconds_from_previous?: SecondsAnswer;
}

interface SecondsAnswer {
  p50: number;
  p90: number;
  p50_interval_95?: Interval;
  p90_interval_95?: Interval;
}

export interface FunnelAnswer {
  steps: FunnelStepAnswer[];
  groups?: { group: string; steps: FunnelStepAnswer[] }[];
  accuracy: Accuracy;
}

/** @param share the share of the sessions that was read; 1: all */
export function funnelAnswer(
  state: FunnelState,
  { steps: count, share, isGrouped }: { steps: number; share: number; isGrouped: boolean },
): FunnelAnswer {
  const all = state.groups.map(([, counts]) => counts);
  const accuracy = accuracyOf({ share, isFolded: state.isFolded });
  const steps = stepsOf(sumOf(all, count), state.gaps, share);
  return isGrouped ? { steps, groups: groupsOf(state, count, share), accuracy } : { steps, accuracy };
}

function groupsOf(
  { groups }: FunnelState,
  count: number,
  share: number,
): { group: string; steps: FunnelStepAnswer[] }[] {
  const size = (counts: number[]) => counts.reduce((sum, count) => sum + count, 0);
  const named = groups
    .filter((entry): entry is [string, number[]] => entry[0] !== null && entry[0] !== OTHER_GROUPS)
    .sort(([a, as], [b, bs]) => size(bs) - size(as) || compareTexts(a, b));
  const rest = [...named.slice(MAX_GROUPS_SHOWN), ...groups.filter(([group]) => group === OTHER_GROUPS)].map(
    ([, counts]) => counts,
  );
  const shown = named.slice(0, MAX_GROUPS_SHOWN);
  return [
    ...shown.map(([group, counts]) => ({ group, steps: stepsOf(counts, [], share) })),
    ...(rest.length === 0 ? [] : [{ group: OTHER_GROUPS, steps: stepsOf(sumOf(rest, count), [], share) }]),
  ];
}

function sumOf(all: readonly number[][], steps: number): number[] {
  return Array.from({ length: steps }, (_, step) => all.reduce((sum, counts) => sum + (counts[step] ?? 0), 0));
}

/** @param byDepth sessions by the number of completed steps; the third step implies the first two */
function stepsOf(byDepth: readonly number[], gaps: readonly Distribution[], share: number): FunnelStepAnswer[] {
  const found = byDepth.map((_, step) => byDepth.slice(step).reduce((sum, count) => sum + count, 0));
  const [first = 0] = found;
  return found.map((count, step) => {
    const previous = step === 0 ? first : (found[step - 1] ?? 0);
    const gap = step === 0 ? undefined : gaps[step - 1];
    const seconds = gap === undefined ? null : secondsOf(gap, share);
    return {
      ...countOf(count, share),
      ...shareMembers("share_of_first", count, first, share),
      ...shareMembers("share_of_previous", count, previous, share),
      ...(seconds === null ? {} : { seconds_from_previous: seconds }),
    };
  });
}

/** The share is 0 if `of` is 0. */
function shareMembers<const Name extends "share_of_first" | "share_of_previous">(
  name: Name,
  found: number,
  of: number,
  share: number,
) {
  const value = { [name]: of === 0 ? 0 : rounded(found / of) } as Record<Name, number>;
  if (share >= 1) return value;
  const interval = { [`${name}_interval_95`]: roundedInterval(shareInterval(found, of, share)) };
  return { ...value, ...(interval as Record<`${Name}_interval_95`, Interval>) };
}

/** The median and the 90th percentile, in seconds to the millisecond. */
function secondsOf(gap: Distribution, share: number): SecondsAnswer | null {
  const [p50, p90] = [quantileOf(gap, 0.5), quantileOf(gap, 0.9)];
  if (p50 === null || p90 === null) return null;
  const answer = { p50: p50 / 1_000, p90: p90 / 1_000 };
  if (share >= 1) return answer;
  return { ...answer, p50_interval_95: between(gap, 0.5, share), p90_interval_95: between(gap, 0.9, share) };
}

function between(gap: Distribution, q: number, share: number): Interval {
  const { size, valueAt } = rankedValues(gap);
  const [low, high] = quantileRanks(size, q, share);
  return [(valueAt(low) ?? 0) / 1_000, (valueAt(high) ?? 0) / 1_000];
}
