import { addCluster, type ClusterSums, joinSums, NO_SUMS } from "./cluster-estimate";
import { ValueBins, type ValueCounts } from "./value-bins";

/** The sums from which a number is estimated: one aggregate row. */
export interface NumbersAggregate {
  sums: ClusterSums;
  /** Set for percentiles only. */
  values: ValueCounts | null;
}

export interface GroupAggregates {
  total: NumbersAggregate;
  /** By the position of the bucket. */
  byPlace: [place: number, aggregate: NumbersAggregate][];
}

/** The contribution of a session (or visitor) to an aggregate row. */
export interface Contribution {
  n: number;
  y: number;
  /** Its numbers, for percentiles. */
  values: readonly number[];
}

/** The aggregate rows of a group: one for the whole period, under null, and one for each bucket. */
export class AggregateTable {
  private readonly byPlace = new Map<number | null, { sums: ClusterSums; values: ValueBins | null }>();
  /** The number of bins of all aggregate rows. */
  bins = 0;

  get size(): number {
    return this.byPlace.get(null)?.sums.n ?? 0;
  }

  get aggregates(): number {
    return this.byPlace.size;
  }

  /** @returns how many aggregate rows are new */
  add(place: number | null, { n, y, values }: Contribution): number {
    const before = this.aggregates;
    const aggregate = this.aggregateOf(place);
    aggregate.sums = addCluster(aggregate.sums, n, y);
    if (values.length > 0) {
      aggregate.values ??= new ValueBins(null);
      this.addValues(aggregate.values, values);
    }
    return this.aggregates - before;
  }

  /** Adds numbers to an aggregate row that looks for one of them in a further pass. Its sums stay as they are. */
  refine(place: number | null, values: readonly number[]): void {
    const bins = this.byPlace.get(place)?.values ?? null;
    if (bins !== null) this.addValues(bins, values);
  }

  /** @returns how many aggregate rows are new */
  addAll({ total, byPlace }: GroupAggregates): number {
    const before = this.aggregates;
    for (const [place, { sums, values }] of [[null, total] as const, ...byPlace]) {
      const aggregate = this.aggregateOf(place);
      aggregate.sums = joinSums(aggregate.sums, sums);
      if (values === null) continue;
      aggregate.values ??= new ValueBins(values.within);
      this.bins -= aggregate.values.size;
      aggregate.values.addAll(values);
      this.bins += aggregate.values.size;
    }
    return this.aggregates - before;
  }

  /** Leaves at most this many bins in each aggregate row. */
  shrink(most: number): void {
    this.bins = 0;
    for (const { values } of this.byPlace.values()) {
      values?.shrink(most);
      this.bins += values?.size ?? 0;
    }
  }

  get state(): GroupAggregates {
    const aggregates = [...this.byPlace].flatMap(([place, aggregate]): GroupAggregates["byPlace"] =>
      place === null ? [] : [[place, stateOf(aggregate)]],
    );
    return { total: stateOf(this.byPlace.get(null)), byPlace: aggregates };
  }

  private addValues(bins: ValueBins, values: readonly number[]): void {
    this.bins -= bins.size;
    for (const value of values) bins.add(value);
    this.bins += bins.size;
  }

  private aggregateOf(place: number | null) {
    const known = this.byPlace.get(place);
    if (known !== undefined) return known;
    const made = { sums: NO_SUMS, values: null };
    this.byPlace.set(place, made);
    return made;
  }
}

function stateOf(aggregate: { sums: ClusterSums; values: ValueBins | null } | undefined): NumbersAggregate {
  return { sums: aggregate?.sums ?? NO_SUMS, values: aggregate?.values?.state ?? null };
}
