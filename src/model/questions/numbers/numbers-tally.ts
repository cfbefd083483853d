import { AggregateTable, type Contribution, type GroupAggregates } from "./aggregate-table";
import { NO_SUMS } from "./cluster-estimate";

/** Computes the numbers of `/theeye/stats` session by session (or visitor by visitor), from a sample or in steps. */

/** The state of a tally, which is stored as JSON between the steps of a job. */
export interface NumbersState {
  all: GroupAggregates;
  /** By the values of the dimensions, as JSON. Empty without dimensions. */
  numberGroups: [key: string, aggregates: GroupAggregates][];
  /** The smallest groups added up, if there were too many. */
  folded: GroupAggregates;
  foldedGroups: number;
  /** The same for the compared period, if there is one. */
  before?: NumbersState;
}

/** The group, the bucket and the number of an event. The number is null if the event has none. */
export interface NumbersItem {
  key: string;
  place: number;
  number: number | null;
}

export interface NumbersTallyOptions {
  /** A session (or visitor) counts once, whatever its events. */
  isDistinct: boolean;
  /** True for percentiles. */
  hasValues: boolean;
  isGrouped: boolean;
  /** False if there is only one, whose numbers are the totals. */
  hasBuckets: boolean;
  /** The number of tallies in one stored state: two with a compared period. */
  parts: number;
  /** For a further pass over the same events: what the pass before has found. */
  found: NumbersState | null;
}

/** Above this the smaller half of the groups is added up. The state of a job then stays below 1.5 MB, of 2 MB in D1. */
const MAX_AGGREGATES = 15_000;

/** Likewise, for percentiles: each bin takes up to 30 bytes. */
const MAX_AGGREGATES_WITH_VALUES = 5_000;
const MAX_BINS = 30_000;

export class NumbersTally {
  private all = new AggregateTable();
  private groups = new Map<string, AggregateTable>();
  private folded = new AggregateTable();
  private foldedGroups = 0;
  private aggregates = 0;

  constructor(private readonly options: NumbersTallyOptions) {
    if (options.found !== null) this.addAll(withoutSums(options.found));
  }

  /** @param items the items of one session or visitor */
  add(items: readonly NumbersItem[]): void {
    if (this.options.isGrouped) {
      for (const [key, own] of Map.groupBy(items, (item) => item.key)) {
        const group = this.options.found === null ? this.groupOf(key) : this.groups.get(key);
        if (group !== undefined) this.addTo(group, own);
      }
    }
    this.addTo(this.all, items);
    this.fit();
  }

  addAll({ all, numberGroups, folded, foldedGroups }: NumbersState): void {
    this.change(this.all, () => this.all.addAll(all));
    for (const [key, aggregates] of numberGroups) {
      const group = this.groupOf(key);
      this.change(group, () => group.addAll(aggregates));
    }
    this.folded.addAll(folded);
    this.foldedGroups += foldedGroups;
    this.fit();
  }

  get state(): NumbersState {
    return {
      all: this.all.state,
      numberGroups: [...this.groups].map(([key, aggregates]) => [key, aggregates.state]),
      folded: this.folded.state,
      foldedGroups: this.foldedGroups,
    };
  }

  private bins = 0;

  private change(table: AggregateTable, how: () => number): void {
    const before = table.bins;
    this.aggregates += how();
    this.bins += table.bins - before;
  }

  private groupOf(key: string): AggregateTable {
    const known = this.groups.get(key);
    if (known !== undefined) return known;
    const made = new AggregateTable();
    this.groups.set(key, made);
    this.aggregates += 1;
    return made;
  }

  private addTo(table: AggregateTable, items: readonly NumbersItem[]): void {
    const counted = items.filter(({ number }) => number !== null);
    if (counted.length === 0) return;
    const { found } = this.options;
    const addAt = (place: number | null, own: readonly NumbersItem[]) => {
      const contribution = this.contributionOf(own);
      if (found === null) return table.add(place, contribution);
      table.refine(place, contribution.values);
      return 0;
    };
    this.change(table, () => addAt(null, counted));
    if (!this.options.hasBuckets) return;
    for (const [place, own] of Map.groupBy(counted, (item) => item.place)) this.change(table, () => addAt(place, own));
  }

  private contributionOf(items: readonly NumbersItem[]): Contribution {
    const { isDistinct, hasValues } = this.options;
    if (isDistinct) return { n: 1, y: 1, values: [] };
    const values = items.flatMap(({ number }) => number ?? []);
    const y = values.reduce((sum, value) => sum + value, 0);
    return { n: values.length, y, values: hasValues ? values : [] };
  }

  /** Adds up groups and merges bins where there are too many. */
  private fit(): void {
    const { hasValues, parts } = this.options;
    if (this.aggregates > (hasValues ? MAX_AGGREGATES_WITH_VALUES : MAX_AGGREGATES) / parts) this.fold();
    if (this.bins <= MAX_BINS / parts) return;
    const most = Math.floor(MAX_BINS / parts / 2 / Math.max(1, this.aggregates));
    this.bins = 0;
    for (const table of [this.all, ...this.groups.values()]) {
      table.shrink(Math.max(2, most));
      this.bins += table.bins;
    }
  }

  private fold(): void {
    if (this.groups.size < 2) return;
    const bySize = [...this.groups].sort(([, a], [, b]) => b.size - a.size);
    for (const [key, table] of bySize.slice(Math.ceil(bySize.length / 2))) {
      this.folded.addAll(withoutValues(table.state));
      this.groups.delete(key);
      this.foldedGroups += 1;
    }
    const tables = [this.all, ...this.groups.values()];
    this.aggregates = tables.reduce((sum, { aggregates }) => sum + aggregates, 0);
    this.bins = tables.reduce((sum, { bins }) => sum + bins, 0);
  }
}

/** Percentiles of folded groups are not shown, so their numbers need not be kept. */
function withoutValues({ total, byPlace }: GroupAggregates): GroupAggregates {
  const sumsOf = ({ sums }: GroupAggregates["total"]) => ({ sums, values: null });
  return { total: sumsOf(total), byPlace: byPlace.map(([place, own]) => [place, sumsOf(own)]) };
}

/** What a further pass starts from: the bins that it looks into, and no numbers. */
function withoutSums({ all, numberGroups }: NumbersState): NumbersState {
  const bins = ({ total, byPlace }: GroupAggregates): GroupAggregates => {
    const empty = ({ values }: GroupAggregates["total"]) => ({
      sums: NO_SUMS,
      values: values === null ? null : { ...values, dropped: 0, counts: [] },
    });
    return { total: empty(total), byPlace: byPlace.map(([place, own]) => [place, empty(own)]) };
  };
  return {
    all: bins(all),
    numberGroups: numberGroups.map(([key, own]) => [key, bins(own)]),
    folded: { total: { sums: NO_SUMS, values: null }, byPlace: [] },
    foldedGroups: 0,
  };
}
