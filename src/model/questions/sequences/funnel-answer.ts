import { compareTexts } from "../../compare-texts";
import { type Interval, quantileRanks, shareInterval } from "../numbers/estimate";
import { rankOf } from "../numbers/quantile";
import { type Accuracy, accuracyOf, countOf, rounded, roundedInterval } from "../numbers/sampling";
import { binAt, edgesOf, middleOf, ValueBins, type ValueCounts } from "../numbers/value-bins";
import { type FunnelState, OTHER_GROUPS } from "./funnel-tally";

/** Groups in an answer. The others are combined as OTHER_GROUPS. */
export const MAX_GROUPS_SHOWN = 50;

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
  accuracy: Accuracy & { percentiles_relative_error?: number };
}

/** The sessions of a group by the number of completed steps, and their times. */
interface Reached {
  counts: readonly number[];
  times: readonly ValueCounts[];
}

/** @param share the share of the sessions that was read; 1: all */
export function funnelAnswer(
  state: FunnelState,
  { steps: count, share, isGrouped }: { steps: number; share: number; isGrouped: boolean },
): FunnelAnswer {
  const all = sumOf(
    state.groups.map(([, counts]) => ({ counts, times: [] })),
    count,
  );
  const groups = isGrouped ? groupsOf(state, count) : [];
  const whole = { counts: all.counts, times: state.times };
  const error = Math.max(...[whole, ...groups.map(([, own]) => own)].map(errorOf));
  const accuracy = {
    ...accuracyOf({ share, isFolded: state.isFolded }),
    ...(error > 0 ? { percentiles_relative_error: Math.ceil(error * 1_000_000) / 1_000_000 } : {}),
  };
  return {
    steps: stepsOf(whole, share),
    ...(isGrouped ? { groups: groups.map(([group, own]) => ({ group, steps: stepsOf(own, share) })) } : {}),
    accuracy,
  };
}

/** The largest groups, and the others combined. */
function groupsOf({ groups }: FunnelState, count: number): [group: string, own: Reached][] {
  const size = ([, counts]: FunnelState["groups"][number]) => counts.reduce((sum, own) => sum + own, 0);
  const named = groups
    .filter(([group]) => group !== null && group !== OTHER_GROUPS)
    .sort((a, b) => size(b) - size(a) || compareTexts(a[0] ?? "", b[0] ?? ""));
  const rest = [...named.slice(MAX_GROUPS_SHOWN), ...groups.filter(([group]) => group === OTHER_GROUPS)];
  const others = rest.map(([, counts, times]) => ({ counts, times }));
  return [
    ...named
      .slice(0, MAX_GROUPS_SHOWN)
      .map(([group, counts, times]): [string, Reached] => [group ?? "", { counts, times }]),
    ...(rest.length === 0 ? [] : [[OTHER_GROUPS, sumOf(others, count)] satisfies [string, Reached]]),
  ];
}

function sumOf(all: readonly Reached[], steps: number): Reached {
  const times = Array.from({ length: steps - 1 }, (_, step) => {
    const bins = new ValueBins(null);
    for (const own of all) bins.addAll(own.times[step] ?? NO_TIMES);
    return bins.state;
  });
  const counts = Array.from({ length: steps }, (_, step) => all.reduce((sum, own) => sum + (own.counts[step] ?? 0), 0));
  return { counts, times };
}

const NO_TIMES: ValueCounts = { dropped: 0, counts: [], within: null };

function stepsOf({ counts: byDepth, times }: Reached, share: number): FunnelStepAnswer[] {
  // The third step implies the first two.
  const found = byDepth.map((_, step) => byDepth.slice(step).reduce((sum, count) => sum + count, 0));
  const [first = 0] = found;
  return found.map((count, step) => {
    const previous = step === 0 ? first : (found[step - 1] ?? 0);
    const own = step === 0 ? undefined : times[step - 1];
    const seconds = own === undefined ? null : secondsOf(own, share);
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
function secondsOf(times: ValueCounts, share: number): SecondsAnswer | null {
  const size = sizeOf(times);
  if (size === 0) return null;
  const at = (rank: number) => binAt(times, rank) ?? NO_BIN;
  const secondsAt = (q: number) => Math.round(middleOf(at(rankOf(q, size))).value) / 1_000;
  const answer = { p50: secondsAt(0.5), p90: secondsAt(0.9) };
  if (share >= 1) return answer;
  const between = (q: number): Interval => {
    const [low, high] = quantileRanks(size, q, share);
    return [edgesOf(at(low)).least / 1_000, edgesOf(at(high)).most / 1_000];
  };
  return { ...answer, p50_interval_95: between(0.5), p90_interval_95: between(0.9) };
}

const NO_BIN = { bin: 0, dropped: 0 };

function sizeOf({ counts }: ValueCounts): number {
  return counts.reduce((sum, [, count]) => sum + count, 0);
}

/** The largest relative error of the times, which may be rounded. */
function errorOf({ times }: Reached): number {
  const errors = times.flatMap((own) =>
    [0.5, 0.9].map((q) => middleOf(binAt(own, rankOf(q, sizeOf(own))) ?? NO_BIN).error),
  );
  return Math.max(0, ...errors);
}
