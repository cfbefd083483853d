import { TimeZone } from "../../time/time-zone";
import type { Metric } from "../metric";
import type { NumbersQuestion } from "../question";
import { labelOf } from "../stats-dimension";
import { clusterRanks, meanInterval, NO_SUMS, signedTotalInterval, totalInterval } from "./cluster-estimate";
import { rankedValues } from "./distribution";
import { countInterval, type Interval } from "./estimate";
import type { NumbersCell, NumbersState } from "./numbers-tally";

/** The answer of `/theeye/stats` from a sample, or from all steps of a job. */

/** Rounded values of percentiles differ from the true ones by so much at most; see distribution.ts. */
const ROUNDING_ERROR = 0.005;

const SHARES = { p50: 0.5, p90: 0.9, p99: 0.99 } as const;

interface Estimated {
  value: number | null;
  interval: Interval | null;
}

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

type Cells = NumbersState["all"];

/** @param share the share of the sessions that was read; 1: all */
export function numbersAnswer(question: NumbersQuestion, state: NumbersState, share: number): NumbersAnswer {
  const { metric, groupBy, bounds, interval, timezone, top } = question;
  const hasBuckets = interval !== "none";
  const zone = TimeZone.find(timezone) ?? TimeZone.UTC;
  const line = (cells: Cells) => lineOf(cells, question, share);
  const groups = state.numberGroups
    .map(([key, cells]) => ({ key, cells, size: sizeOf(cells.total, metric) }))
    .sort((a, b) => b.size - a.size || (a.key < b.key ? -1 : 1));
  const shown = groupBy.length === 0 ? [] : groups.slice(0, top);
  const rest = groupBy.length === 0 ? [] : groups.slice(top).map(({ cells }) => cells);
  const isRounded = [state.all, ...shown.map(({ cells }) => cells)].some(
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
        : shown.map(({ key, cells }) => ({ ...dimensions(key), ...line(cells) })),
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

function sizeOf({ sums }: NumbersCell, metric: Metric): number {
  return metric.kind === "sum" ? sums.y : sums.n;
}

/** Which sessions, and which numbers, several groups have in common is not known of groups that are not shown. */
function otherOf(rest: readonly Cells[], question: NumbersQuestion, share: number): NumbersLine {
  const { metric, bounds, interval } = question;
  const nothing = rest.every(({ total }) => total.sums.n === 0);
  if (nothing) return lineOf(EMPTY, question, share);
  if (metric.kind !== "events" && metric.kind !== "sum") {
    return { total: null, ...(interval === "none" ? {} : { values: bounds.slice(1).map(() => null) }) };
  }
  const join = (cells: readonly NumbersCell[]): NumbersCell => ({
    // Whether sessions are the same or not is not known: as if they were.
    sums: cells.reduce((sum, { sums }) => {
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
    rest.flatMap(({ byPlace }) => byPlace.flatMap(([own, cell]) => (own === place ? [cell] : [])));
  const joined: Cells = {
    total: join(rest.map(({ total }) => total)),
    byPlace: [...places].map((place) => [place, join(at(place))]),
  };
  return lineOf(joined, question, share);
}

const EMPTY_CELL: NumbersCell = { sums: NO_SUMS, values: null };
const EMPTY: Cells = { total: EMPTY_CELL, byPlace: [] };

function lineOf({ total, byPlace }: Cells, { metric, bounds, interval }: NumbersQuestion, share: number): NumbersLine {
  const isSampled = share < 1;
  const all = estimate(total, metric, share);
  const cells = new Map(byPlace);
  const values = bounds.slice(1).map((_, place) => estimate(cells.get(place) ?? EMPTY_CELL, metric, share));
  return {
    total: all.value,
    ...(isSampled ? { interval_95: all.interval } : {}),
    ...(interval === "none" ? {} : { values: values.map(({ value }) => value) }),
    ...(interval === "none" || !isSampled ? {} : { values_interval_95: values.map(({ interval: own }) => own) }),
  };
}

/** A number and its interval, from what the sampled sessions add up to. */
export function estimate({ sums, values }: NumbersCell, { kind }: Metric, share: number): Estimated {
  const { n, y, nn, yy, least } = sums;
  switch (kind) {
    case "sessions":
    case "visitors":
      return { value: Math.round(n / share), interval: countInterval(n, share) };
    case "events":
      return { value: Math.round(n / share), interval: whole(totalInterval(n, nn, share)) };
    case "sum":
      return { value: y / share, interval: (least < 0 ? signedTotalInterval : totalInterval)(y, yy, share) };
    case "avg":
      return { value: n === 0 ? null : y / n, interval: meanInterval(sums, share) };
    default: {
      if (values === null) return { value: null, interval: null };
      const { size, valueAt } = rankedValues(values);
      const [low, high] = clusterRanks(sums, SHARES[kind], share);
      // As in other calculations of ranks: 0.9 * 10 may be a little more than 9.
      const rank = Math.max(1, Math.ceil(SHARES[kind] * size - 1e-9));
      return { value: valueAt(rank), interval: [valueAt(low) ?? 0, valueAt(high) ?? 0] };
    }
  }
}

function whole([low, high]: Interval): Interval {
  return [Math.floor(low), Math.ceil(high)];
}
