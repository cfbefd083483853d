import { matchesFilter } from "../../event/property-value";
import { bucketPlace } from "../../time/calendar";
import type { NumbersQuestion } from "../question";
import type { SequenceEvent } from "../sequences/sequence-event";
import { templatedValues } from "../templated-values";
import { addCluster, type ClusterSums, joinSums, NO_SUMS } from "./cluster-estimate";
import { type Distribution, DistributionTally } from "./distribution";

/** Computes the numbers of `/theeye/stats` session by session (or visitor by visitor), from a sample or in steps. */

/** The sums from which a number is estimated: one aggregate row. */
export interface NumbersAggregate {
  sums: ClusterSums;
  /** Set for percentiles only. */
  values: Distribution | null;
}

interface GroupAggregates {
  total: NumbersAggregate;
  /** By the position of the bucket. */
  byPlace: [place: number, aggregate: NumbersAggregate][];
}

/** The state of a tally, which is stored as JSON between the steps of a job. */
export interface NumbersState {
  all: GroupAggregates;
  /** By the values of the dimensions, as JSON. */
  numberGroups: [key: string, aggregates: GroupAggregates][];
  /** The smallest groups added up, if there were too many. */
  folded: GroupAggregates;
  foldedGroups: number;
}

/** The group, the bucket and the number of an event. The number is null if the event has none. */
export interface NumbersItem {
  key: string;
  place: number;
  number: number | null;
}

/** Above this the smaller half of the groups is added up. The state of a job then stays near 1 MB. */
const MAX_AGGREGATES = 15_000;

export class NumbersTally {
  private all = new AggregateTable();
  private groups = new Map<string, AggregateTable>();
  private folded = new AggregateTable();
  private foldedGroups = 0;
  private aggregates = 0;

  constructor(
    private readonly isDistinct: boolean,
    private readonly hasValues: boolean,
  ) {}

  /** @param items the items of one session or visitor */
  add(items: readonly NumbersItem[]): void {
    for (const [key, own] of Map.groupBy(items, (item) => item.key)) this.addTo(this.groupOf(key), own);
    this.addTo(this.all, items);
    if (this.aggregates > MAX_AGGREGATES) this.fold();
  }

  addAll({ all, numberGroups, folded, foldedGroups }: NumbersState): void {
    this.all.addAll(all);
    for (const [key, aggregates] of numberGroups) this.aggregates += this.groupOf(key).addAll(aggregates);
    this.folded.addAll(folded);
    this.foldedGroups += foldedGroups;
    if (this.aggregates > MAX_AGGREGATES) this.fold();
  }

  get state(): NumbersState {
    return {
      all: this.all.state,
      numberGroups: [...this.groups].map(([key, aggregates]) => [key, aggregates.state]),
      folded: this.folded.state,
      foldedGroups: this.foldedGroups,
    };
  }

  private groupOf(key: string): AggregateTable {
    const known = this.groups.get(key);
    if (known !== undefined) return known;
    const made = new AggregateTable();
    this.groups.set(key, made);
    this.aggregates += 1;
    return made;
  }

  private addTo(aggregates: AggregateTable, items: readonly NumbersItem[]): void {
    const counted = items.filter(({ number }) => number !== null);
    if (counted.length === 0) return;
    this.aggregates += aggregates.add(null, counted, this);
    for (const [place, own] of Map.groupBy(counted, (item) => item.place))
      this.aggregates += aggregates.add(place, own, this);
  }

  /** The contribution of a session to an aggregate row. */
  sumsOf(items: readonly NumbersItem[]): { n: number; y: number; values: readonly number[] } {
    const values = items.flatMap(({ number }) => number ?? []);
    const y = values.reduce((sum, value) => sum + value, 0);
    return this.isDistinct ? { n: 1, y: 1, values: [] } : { n: values.length, y, values: this.hasValues ? values : [] };
  }

  private fold(): void {
    const bySize = [...this.groups].sort(([, a], [, b]) => b.size - a.size);
    for (const [key, aggregates] of bySize.slice(Math.ceil(bySize.length / 2))) {
      this.folded.addAll(aggregates.state);
      this.groups.delete(key);
      this.foldedGroups += 1;
    }
    this.aggregates = [...this.groups.values()].reduce((sum, aggregates) => sum + aggregates.aggregates, 0);
  }
}

/** The aggregate rows of a group: one for the whole period, under null, and one for each bucket. */
class AggregateTable {
  private readonly byPlace = new Map<number | null, { sums: ClusterSums; values: DistributionTally | null }>();

  get size(): number {
    return this.byPlace.get(null)?.sums.n ?? 0;
  }

  get aggregates(): number {
    return this.byPlace.size;
  }

  /** @returns how many aggregate rows are new */
  add(place: number | null, items: readonly NumbersItem[], tally: Pick<NumbersTally, "sumsOf">): number {
    const before = this.aggregates;
    const { n, y, values } = tally.sumsOf(items);
    const aggregate = this.aggregateOf(place);
    aggregate.sums = addCluster(aggregate.sums, n, y);
    if (values.length > 0) aggregate.values ??= new DistributionTally();
    for (const value of values) aggregate.values?.add(value);
    return this.aggregates - before;
  }

  /** @returns how many aggregate rows are new */
  addAll({ total, byPlace }: GroupAggregates): number {
    const before = this.aggregates;
    for (const [place, { sums, values }] of [[null, total] as const, ...byPlace]) {
      const aggregate = this.aggregateOf(place);
      aggregate.sums = joinSums(aggregate.sums, sums);
      if (values !== null) aggregate.values ??= new DistributionTally();
      if (values !== null) aggregate.values?.addAll(values);
    }
    return this.aggregates - before;
  }

  get state(): GroupAggregates {
    const aggregates = [...this.byPlace].flatMap(([place, aggregate]): GroupAggregates["byPlace"] =>
      place === null ? [] : [[place, stateOf(aggregate)]],
    );
    return { total: stateOf(this.byPlace.get(null)), byPlace: aggregates };
  }

  private aggregateOf(place: number | null) {
    const known = this.byPlace.get(place);
    if (known !== undefined) return known;
    const made = { sums: NO_SUMS, values: null };
    this.byPlace.set(place, made);
    return made;
  }
}

function stateOf(aggregate: { sums: ClusterSums; values: DistributionTally | null } | undefined): NumbersAggregate {
  return { sums: aggregate?.sums ?? NO_SUMS, values: aggregate?.values?.distribution ?? null };
}

/** Returns a function that maps an event to the item of a query, or to null if the event does not match. */
export function numbersItemOf(question: NumbersQuestion): (event: SequenceEvent) => NumbersItem | null {
  const { metric, groupBy, properties, bounds, templates } = question;
  const textOf = templatedValues(templates);
  return (event) => {
    const { occurredAt, source, numberAt } = event;
    if (question.category !== null && question.category !== source.category) return null;
    if (question.name !== null && question.name !== source.name) return null;
    if (!properties.every((filter) => matchesFilter(filter, textOf(event, filter.property)))) return null;
    const texts = groupBy.map((dimension) =>
      dimension.kind === "property" ? textOf(event, dimension.property) : source[dimension.kind],
    );
    const number = metric.property === null ? 1 : numberAt(metric.property.path);
    return { key: JSON.stringify(texts), place: bucketPlace(bounds, occurredAt), number };
  };
}
