import { matchesFilter, templated } from "../../event/property-value";
import { bucketPlace } from "../../time/calendar";
import type { EventSource } from "../event-pattern";
import type { AskedProperty } from "../metric";
import type { NumbersQuestion } from "../question";
import type { SequenceEvent } from "../sequences/sequence-event";
import { addCluster, type ClusterSums, joinSums, NO_SUMS } from "./cluster-estimate";
import { type Distribution, DistributionTally } from "./distribution";

/** Counts the numbers of `/theeye/stats` session by session (or visitor by visitor), from a sample or step by step. */

/** What a number is worked out from. */
export interface NumbersCell {
  sums: ClusterSums;
  /** Of percentiles alone. */
  values: Distribution | null;
}

interface Cells {
  total: NumbersCell;
  /** By the place of the bucket. */
  byPlace: [place: number, cell: NumbersCell][];
}

/** As JSON keeps it. */
export interface NumbersState {
  all: Cells;
  /** By the texts of the dimensions, as JSON. */
  numberGroups: [key: string, cells: Cells][];
  /** Groups that were too many to keep apart, together. */
  folded: Cells;
  foldedGroups: number;
}

/** What is kept of an event: its group, its bucket, and its number if it has one. */
export interface NumbersItem {
  key: string;
  place: number;
  number: number | null;
}

/** Beyond so many cells the smaller half of the groups is put together: a state of a job has some 1 MB. */
const MAX_CELLS = 15_000;

export class NumbersTally {
  private all = new CellTable();
  private groups = new Map<string, CellTable>();
  private folded = new CellTable();
  private foldedGroups = 0;
  private cells = 0;

  constructor(
    private readonly isDistinct: boolean,
    private readonly hasValues: boolean,
  ) {}

  /** @param items of one session or visitor */
  add(items: readonly NumbersItem[]): void {
    for (const [key, own] of Map.groupBy(items, (item) => item.key)) this.addTo(this.groupOf(key), own);
    this.addTo(this.all, items);
    if (this.cells > MAX_CELLS) this.fold();
  }

  addAll({ all, numberGroups, folded, foldedGroups }: NumbersState): void {
    this.all.addAll(all);
    for (const [key, cells] of numberGroups) this.cells += this.groupOf(key).addAll(cells);
    this.folded.addAll(folded);
    this.foldedGroups += foldedGroups;
    if (this.cells > MAX_CELLS) this.fold();
  }

  get state(): NumbersState {
    return {
      all: this.all.state,
      numberGroups: [...this.groups].map(([key, cells]) => [key, cells.state]),
      folded: this.folded.state,
      foldedGroups: this.foldedGroups,
    };
  }

  private groupOf(key: string): CellTable {
    const known = this.groups.get(key);
    if (known !== undefined) return known;
    const made = new CellTable();
    this.groups.set(key, made);
    this.cells += 1;
    return made;
  }

  private addTo(cells: CellTable, items: readonly NumbersItem[]): void {
    const counted = items.filter(({ number }) => number !== null);
    if (counted.length === 0) return;
    this.cells += cells.add(null, counted, this);
    for (const [place, own] of Map.groupBy(counted, (item) => item.place)) this.cells += cells.add(place, own, this);
  }

  /** What a session adds to a cell. */
  sumsOf(items: readonly NumbersItem[]): { n: number; y: number; values: readonly number[] } {
    const values = items.flatMap(({ number }) => number ?? []);
    const y = values.reduce((sum, value) => sum + value, 0);
    return this.isDistinct ? { n: 1, y: 1, values: [] } : { n: values.length, y, values: this.hasValues ? values : [] };
  }

  private fold(): void {
    const bySize = [...this.groups].sort(([, a], [, b]) => b.size - a.size);
    for (const [key, cells] of bySize.slice(Math.ceil(bySize.length / 2))) {
      this.folded.addAll(cells.state);
      this.groups.delete(key);
      this.foldedGroups += 1;
    }
    this.cells = [...this.groups.values()].reduce((sum, cells) => sum + cells.cells, 0);
  }
}

/** The cells of a group: the whole period under null, and its buckets. */
class CellTable {
  private readonly byPlace = new Map<number | null, { sums: ClusterSums; values: DistributionTally | null }>();

  get size(): number {
    return this.byPlace.get(null)?.sums.n ?? 0;
  }

  get cells(): number {
    return this.byPlace.size;
  }

  /** @returns how many cells are new */
  add(place: number | null, items: readonly NumbersItem[], tally: Pick<NumbersTally, "sumsOf">): number {
    const before = this.cells;
    const { n, y, values } = tally.sumsOf(items);
    const cell = this.cellOf(place);
    cell.sums = addCluster(cell.sums, n, y);
    if (values.length > 0) cell.values ??= new DistributionTally();
    for (const value of values) cell.values?.add(value);
    return this.cells - before;
  }

  /** @returns how many cells are new */
  addAll({ total, byPlace }: Cells): number {
    const before = this.cells;
    for (const [place, { sums, values }] of [[null, total] as const, ...byPlace]) {
      const cell = this.cellOf(place);
      cell.sums = joinSums(cell.sums, sums);
      if (values !== null) cell.values ??= new DistributionTally();
      if (values !== null) cell.values?.addAll(values);
    }
    return this.cells - before;
  }

  get state(): Cells {
    const cells = [...this.byPlace].flatMap(([place, cell]): Cells["byPlace"] =>
      place === null ? [] : [[place, stateOf(cell)]],
    );
    return { total: stateOf(this.byPlace.get(null)), byPlace: cells };
  }

  private cellOf(place: number | null) {
    const known = this.byPlace.get(place);
    if (known !== undefined) return known;
    const made = { sums: NO_SUMS, values: null };
    this.byPlace.set(place, made);
    return made;
  }
}

function stateOf(cell: { sums: ClusterSums; values: DistributionTally | null } | undefined): NumbersCell {
  return { sums: cell?.sums ?? NO_SUMS, values: cell?.values?.distribution ?? null };
}

/** Turns events into items of a question. */
export function numbersItemOf(question: NumbersQuestion): (event: SequenceEvent) => NumbersItem | null {
  const { metric, groupBy, properties, bounds, templates } = question;
  const readers = new Map(templates.map((one) => [keyOf(one, one.path), templated(one.template)]));
  return ({ occurredAt, source, valueAt, numberAt }) => {
    const textOf = ({ name, path }: AskedProperty) => {
      const text = valueAt(path);
      return text === null ? null : (readers.get(keyOf(source, name))?.(text) ?? text);
    };
    if (question.category !== null && question.category !== source.category) return null;
    if (question.name !== null && question.name !== source.name) return null;
    if (!properties.every((filter) => matchesFilter(filter, textOf(filter.property)))) return null;
    const texts = groupBy.map((dimension) =>
      dimension.kind === "property" ? textOf(dimension.property) : source[dimension.kind],
    );
    const number = metric.property === null ? 1 : numberAt(metric.property.path);
    return { key: JSON.stringify(texts), place: bucketPlace(bounds, occurredAt), number };
  };
}

function keyOf({ category, name }: Pick<EventSource, "category" | "name">, path: string): string {
  return `${category}\u0000${name}\u0000${path}`;
}
