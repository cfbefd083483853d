import { isPercentile, type Metric } from "../metric";
import type { NumbersQuestion } from "../question";
import type { GroupAggregates, NumbersAggregate } from "./aggregate-table";
import { clusterRanks, meanInterval, NO_SUMS, signedTotalInterval, totalInterval } from "./cluster-estimate";
import type { Estimated } from "./estimate";
import { countInterval, estimateCount, type Interval } from "./estimate";
import { rankOf } from "./quantile";
import { binAt, edgesOf, middleOf } from "./value-bins";

export const SHARES = { p50: 0.5, p90: 0.9, p99: 0.99 } as const;

export interface NumbersLine {
  total: number | null;
  interval_95?: Interval | null;
  values?: (number | null)[];
  values_interval_95?: (Interval | null)[];
}

/** What groups are ordered by. */
export function sizeOf({ sums }: NumbersAggregate, metric: Metric): number {
  return metric.kind === "sum" ? sums.y : sums.n;
}

/** Sessions that groups share, and the numbers behind percentiles, are not known for groups that are not shown. */
export function otherOf(rest: readonly GroupAggregates[], question: NumbersQuestion, share: number): NumbersLine {
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
export const EMPTY: GroupAggregates = { total: EMPTY_AGGREGATE, byPlace: [] };

/** The numbers of a group, for the whole period and for each bucket. */
export function lineOf(
  { total, byPlace }: GroupAggregates,
  { metric, bounds, interval }: NumbersQuestion,
  share: number,
): NumbersLine {
  const isSampled = share < 1;
  const all = estimate(total, metric, share);
  const aggregates = new Map(byPlace);
  // A tally does not keep a single bucket: its numbers are the totals.
  const values =
    bounds.length === 2
      ? [all]
      : bounds.slice(1).map((_, place) => estimate(aggregates.get(place) ?? EMPTY_AGGREGATE, metric, share));
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
      if (values === null || n === 0) return { value: null, interval: null };
      const [low, high] = clusterRanks(sums, SHARES[kind], share);
      const at = (rank: number) => edgesOf(binAt(values, rank) ?? NO_BIN);
      return {
        value: percentileOf({ sums, values }, SHARES[kind])?.value ?? null,
        interval: [at(low).least, at(high).most],
      };
    }
  }
}

const NO_BIN = { bin: 0, dropped: 0 };

/** A percentile, and the most by which the true one may differ from it, as a share of it. Null without numbers. */
function percentileOf({ sums, values }: NumbersAggregate, q: number): { value: number; error: number } | null {
  const bin = values === null ? null : (binAt(values, rankOf(q, sums.n)) ?? values.within);
  return bin === null ? null : middleOf(bin);
}

/** The largest relative error of the percentiles of a group; 0 if all are exact. */
export function errorOf({ total, byPlace }: GroupAggregates, { metric: { kind }, interval }: NumbersQuestion): number {
  if (!isPercentile(kind)) return 0;
  const shown = [total, ...(interval === "none" ? [] : byPlace.map(([, own]) => own))];
  return Math.max(0, ...shown.map((own) => percentileOf(own, SHARES[kind])?.error ?? 0));
}

function whole([low, high]: Interval): Interval {
  return [Math.floor(low), Math.ceil(high)];
}
