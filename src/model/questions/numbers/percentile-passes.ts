import { isPercentile } from "../metric";
import type { NumbersQuestion } from "../question";
import type { GroupAggregates, NumbersAggregate } from "./aggregate-table";
import { shownKeys } from "./numbers-answer";
import { SHARES } from "./numbers-line";
import type { NumbersState } from "./numbers-tally";
import { rankOf } from "./quantile";
import { binAt } from "./value-bins";

/**
 * Percentiles of more numbers than a job can keep are found in several passes over the same events: each looks into the
 * bin in which the pass before has found the percentile.
 */

/** The state from which a further pass starts, for the groups that the answer shows. Null if all percentiles are exact. */
export function nextPass(question: NumbersQuestion, state: NumbersState): NumbersState | null {
  const { kind } = question.metric;
  if (!isPercentile(kind)) return null;
  const keys = new Set(shownKeys(question, state));
  let isExact = true;
  const narrow = ({ sums, values }: NumbersAggregate): NumbersAggregate => {
    const within = values === null ? null : (binAt(values, rankOf(SHARES[kind], sums.n)) ?? values.within);
    if (within === null) return { sums, values: null };
    if (within.dropped > 0) isExact = false;
    return { sums, values: { dropped: 0, counts: [], within } };
  };
  const narrowAll = ({ total, byPlace }: GroupAggregates): GroupAggregates => ({
    total: narrow(total),
    byPlace: byPlace.map(([place, own]) => [place, narrow(own)]),
  });
  const period = (own: NumbersState): NumbersState => ({
    ...own,
    all: narrowAll(own.all),
    numberGroups: own.numberGroups.map(([key, aggregates]) => [
      key,
      keys.has(key) ? narrowAll(aggregates) : { total: { sums: aggregates.total.sums, values: null }, byPlace: [] },
    ]),
  });
  const next = { ...period(state), ...(state.before === undefined ? {} : { before: period(state.before) }) };
  return isExact ? null : next;
}
