import { compareTexts } from "../../compare-texts";
import { TimeZone } from "../../time/time-zone";
import type { Metric } from "../metric";
import type { NumbersQuestion } from "../question";
import { labelOf } from "../stats-dimension";
import { clusterRanks, meanInterval, NO_SUMS, signedTotalInterval, totalInterval } from "./cluster-estimate";
import { rankedValues } from "./distribution";
import type { Estimated } from "./estimate";
import { countInterval, estimateCount, type Interval } from "./estimate";
import type { NumbersAggregate, NumbersState } from "./numbers-tally";
import { rankOf } from "./quantile";

/** Makes the answer of `/theeye/stats` from a sample, or from all steps of a job. */

/** The largest relative error of percentiles whose values are rounded. See distribution.ts. */
const ROUNDING_ERROR = 0.005;

const SHARES = { p50: 0.5, p90: 0.9, p99: 0.99 } as const;

export interface NumbersLine {
  total: number | null;
  interval_95?: Interval | null;
  values?: (number | null)[];
  values_interval_95?: (Interval | null)[];
}

export interface NumbersAnswer {
  metric: string;
  interval: string;
  timezone: string;
  buckets?: string[];
  results: NumbersLine[];
  other?: NumbersLine & { groups: number };
  total: NumbersLine;
  accuracy: { exact: boolean; sampled?: number; relative_error?: number; groups_folded?: true };
}

type GroupAggregates = NumbersState["all"];

/** @param share the share of the sessions that was read; 1 for all */
export function numbersAnswer(question: NumbersQuestion, state: NumbersState, share: number): NumbersAnswer {
  const { metric, groupBy, bounds, interval, timezone, top } = question;
  const hasBuckets = interval !== "none";
  const zone = TimeZone.find(timezone) ?? TimeZone.UTC;
  const line = (aggregates: GroupAggregates) => lineOf(aggregates, question, share);
  const groups = state.numberGroups
    .map(([key, aggregates]) => ({ key, aggregates, size: sizeOf(aggregates.total, metric) }))
    .sort((a, b) => b.size - a.size || compareTexts(a.key, b.key));
  const shown = groupBy.length === 0 ? [] : groups.slice(0, top);
  const rest = groupBy.length === 0 ? [] : groups.slice(top).map(({ aggregates }) => aggregates);
  const isRounded = [state.all, ...shown.map(({ aggregates }) => aggregates)].some(
    ({ total }) => total.values?.isRounded === true,
  );
  const dimensions = (key: string) => {
    const texts: (string | null)[] = JSON.parse(key);
    return Object.fromEntries(groupBy.map((dimension, place) => [labelOf(dimension), texts[place] ?? null]));
  };
  return {
    metric: metric.property === null ? metric.kind : `${metric.kind}:${metric.property.name}`,
    ...{ interval, timezone },
    ...(hasBuckets ? { buckets: bounds.slice(0, -1).map((moment) => zone.formatMoment(moment)) } : {}),
    results:
      groupBy.length === 0
        ? [line(state.all)]
        : shown.map(({ key, aggregates }) => ({ ...dimensions(key), ...line(aggregates) })),
    ...(groupBy.length === 0
      ? {}
      : { other: { groups: rest.length + state.foldedGroups, ...otherOf([...rest, state.folded], question, share) } }),
    total: line(state.all),
    accuracy: {
      exact: share >= 1 && !isRounded && state.foldedGroups === 0,
      ...(share < 1 ? { sampled: share } : {}),
      ...(isRounded ? { relative_error: ROUNDING_ERROR } : {}),
      ...(state.foldedGroups > 0 ? { groups_folded: true as const } : {}),
    },
  };
}

function sizeOf({ sums }: NumbersAggregate, metric: Metric): number {
  return metric.kind === "sum" ? sums.y : sums.n;
}

/** Sessions that groups share, and the numbers behind percentiles, are not known for groups that are not shown. */
function otherOf(rest: readonly GroupAggregates[], question: NumbersQuestion, share: number): NumbersLine {
  const { metric, bounds, interval } = question;
  const nothing = rest.every(({ total }) => total.sums.n === 0);
  if (nothing) return lineOf(EMPTY, question, share);
  if (metric.kind !== "events" && metric.kind !== "sum") {
    return { total: null, ...(interval === "none" ? {} : { values: bounds.slice(1).map(() => null) }) };
  }
  const join = (aggregates: readonly NumbersAggregate[]): NumbersAggregate => ({
    // It is not known which sessions the groups share. The interval is widest if they share all.
    sums: aggregates.reduce((sum, { sums }) => {
      const [nn, yy] = [Math.sqrt(sum.nn) + Math.sqrt(sums.nn), Math.sqrt(sum.yy) + Math.sqrt(sums.yy)];
      return {
        n: sum.n + sums.n,
        y: sum.y + sums.y,
        nn: nn * nn,
        yy: yy * yy,
        ny: 0,
        least: Math.min(sum.least, sums.least),
      };
    }, NO_SUMS),
    values: null,
  });
  const places = new Set(rest.flatMap(({ byPlace }) => byPlace.map(([place]) => place)));
  const at = (place: number) =>
    rest.flatMap(({ byPlace }) => byPlace.flatMap(([own, aggregate]) => (own === place ? [aggregate] : [])));
  const joined: GroupAggregates = {
    total: join(rest.map(({ total }) => total)),
    byPlace: [...places].map((place) => [place, join(at(place))]),
  };
  return lineOf(joined, question, share);
}

const EMPTY_AGGREGATE: NumbersAggregate = { sums: NO_SUMS, values: null };
const EMPTY: GroupAggregates = { total: EMPTY_AGGREGATE, byPlace: [] };

function lineOf(
  { total, byPlace }: GroupAggregates,
  { metric, bounds, interval }: NumbersQuestion,
  share: number,
): NumbersLine {
  const isSampled = share < 1;
  const all = estimate(total, metric, share);
  const aggregates = new Map(byPlace);
  const values = bounds.slice(1).map((_, place) => estimate(aggregates.get(place) ?? EMPTY_AGGREGATE, metric, share));
  return {
    total: all.value,
    ...(isSampled ? { interval_95: all.interval } : {}),
    ...(interval === "none" ? {} : { values: values.map(({ value }) => value) }),
    ...(interval === "none" || !isSampled ? {} : { values_interval_95: values.map(({ interval: own }) => own) }),
  };
}

/** Estimates a number and its interval from the sums over the sampled sessions. */
export function estimate({ sums, values }: NumbersAggregate, { kind }: Metric, share: number): Estimated {
  const { n, y, nn, yy, least } = sums;
  switch (kind) {
    case "sessions":
    case "visitors":
      return { value: estimateCount(n, share), interval: countInterval(n, share) };
    case "events":
      return { value: estimateCount(n, share), interval: whole(totalInterval(n, nn, share)) };
    case "sum":
      return { value: y / share, interval: (least < 0 ? signedTotalInterval : totalInterval)(y, yy, share) };
    case "avg":
      return { value: n === 0 ? null : y / n, interval: meanInterval(sums, share) };
    default: {
      if (values === null) return { value: null, interval: null };
      const { size, valueAt } = rankedValues(values);
      const [low, high] = clusterRanks(sums, SHARES[kind], share);
      return { value: valueAt(rankOf(SHARES[kind], size)), interval: [valueAt(low) ?? 0, valueAt(high) ?? 0] };
    }
  }
}

function whole([low, high]: Interval): Interval {
  return [Math.floor(low), Math.ceil(high)];
}
