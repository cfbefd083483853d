import type { Metric } from "../../model/questions/metric";
import { type Measure, newMeasure } from "./measures";
import { compareGroups, type GroupLine, type GroupName, type Line, type Shown } from "./stats-answer";

interface Measured {
  total: Measure;
  byPlace: Map<number, Measure>;
}

interface MeasuredGroup extends Measured, GroupName {}

/** Measures events by group and bucket. Above `mostGroups`, the smallest half of the groups is folded into one. */
export class MeasureTable {
  private readonly groups = new Map<string, MeasuredGroup>();
  private readonly all: Measured;
  private readonly folded: Measured;
  private foldedGroups = 0;

  constructor(
    private readonly metric: Metric,
    private readonly buckets: number,
    private readonly mostGroups: number,
  ) {
    this.all = this.nothing();
    this.folded = this.nothing();
  }

  get hasFolded(): boolean {
    return this.foldedGroups > 0;
  }

  /** @param contribution null if the event contributes nothing; its group still exists */
  add(name: GroupName, place: number, contribution: number | null): void {
    this.addMany(name, place, contribution ?? 0, contribution === null ? 0 : 1);
  }

  /** Adds events that are known only in sum: see Measure. */
  addMany(name: GroupName, place: number, contribution: number, times: number): void {
    let group = this.groups.get(name.key);
    if (group === undefined) {
      if (this.groups.size >= this.mostGroups) this.fold();
      group = { ...name, ...this.nothing() };
      this.groups.set(name.key, group);
    }
    if (times === 0) return;
    this.addTo(group, place, contribution, times);
    this.addTo(this.all, place, contribution, times);
  }

  /** Adds events whose groups are unknown: at least `groups` of them. */
  addFolded(place: number, events: number, groups: number): void {
    this.addTo(this.folded, place, events, events);
    this.addTo(this.all, place, events, events);
    this.foldedGroups = Math.max(this.foldedGroups, groups);
  }

  total(): Line {
    return this.lineOf(this.all);
  }

  /** The shown groups and the sum of all others. */
  lines(shown: Shown): { groups: GroupLine[]; other: Line & { groups: number } } {
    const kept = this.shownGroups(shown);
    const keys = new Set(kept.map(({ key }) => key));
    const other = this.nothing();
    this.merge(other, this.folded);
    for (const [key, group] of this.groups) {
      if (!keys.has(key)) this.merge(other, group);
    }
    const left = [...this.groups.keys()].filter((key) => !keys.has(key)).length;
    return {
      groups: kept.map((group) => ({ texts: group.texts, ...this.lineOf(group) })),
      other: { groups: left + this.foldedGroups, ...this.lineOf(other) },
    };
  }

  private shownGroups(shown: Shown): MeasuredGroup[] {
    if ("keys" in shown) {
      return shown.keys.map((key) => this.groups.get(key) ?? { key, texts: JSON.parse(key), ...this.nothing() });
    }
    return this.bySize().slice(0, shown.top);
  }

  private bySize(): MeasuredGroup[] {
    // Groups are chosen by size, because means and quantiles of few events are not a reason to show a group.
    const ofResult = this.metric.kind === "sum";
    return [...this.groups.values()]
      .map((group) => ({ group, key: group.key, size: ofResult ? (group.total.result() ?? 0) : group.total.size }))
      .sort(compareGroups)
      .map(({ group }) => group);
  }

  private fold(): void {
    const small = this.bySize().slice(Math.floor(this.mostGroups / 2));
    for (const group of small) {
      this.merge(this.folded, group);
      this.groups.delete(group.key);
    }
    this.foldedGroups += small.length;
  }

  private nothing(): Measured {
    return { total: newMeasure(this.metric), byPlace: new Map() };
  }

  private addTo({ total, byPlace }: Measured, place: number, contribution: number, times: number): void {
    total.addMany(contribution, times);
    let own = byPlace.get(place);
    if (own === undefined) {
      own = newMeasure(this.metric);
      byPlace.set(place, own);
    }
    own.addMany(contribution, times);
  }

  private merge(into: Measured, { total, byPlace }: Measured): void {
    into.total.merge(total);
    for (const [place, measure] of byPlace) {
      const own = into.byPlace.get(place) ?? newMeasure(this.metric);
      into.byPlace.set(place, own);
      own.merge(measure);
    }
  }

  private lineOf({ total, byPlace }: Measured): Line {
    const nothing = newMeasure(this.metric).result();
    return {
      total: total.result(),
      values: Array.from({ length: this.buckets }, (_, place) => {
        const own = byPlace.get(place);
        return own === undefined ? nothing : own.result();
      }),
    };
  }
}
