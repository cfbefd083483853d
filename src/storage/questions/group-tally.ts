import { compareGroups, type GroupName } from "./stats-answer";

/** A group with its events by the places of their buckets. */
export interface CountedGroup extends GroupName {
  byPlace: Map<number, number>;
}

interface TallyLimits {
  /** The most pairs of group and bucket that are kept. */
  aggregates: number;
  /** The most groups whose sums are kept. */
  groups: number;
}

interface TalliedGroup extends CountedGroup {
  events: number;
}

/**
 * Sums counts by group and bucket while there are not too many of these aggregate rows. After that it sums by group
 * alone, to find the largest groups.
 */
export class GroupTally {
  private readonly tallied = new Map<string, TalliedGroup>();
  private aggregates = 0;
  private isComplete = true;

  constructor(private readonly limits: TallyLimits) {}

  /** The number of groups, up to the limit. */
  get size(): number {
    return this.tallied.size;
  }

  add(name: GroupName, place: number, events: number): void {
    const group = this.tallied.get(name.key) ?? this.newGroup(name);
    if (group === null) return;
    group.events += events;
    if (!this.isComplete) return;
    const held = group.byPlace.get(place);
    group.byPlace.set(place, (held ?? 0) + events);
    if (held !== undefined) return;
    this.aggregates += 1;
    if (this.aggregates > this.limits.aggregates) this.dropAggregates();
  }

  /** Null if there are more aggregate rows than the limit. */
  groups(): CountedGroup[] | null {
    return this.isComplete ? [...this.tallied.values()] : null;
  }

  /** The keys of the largest groups. */
  largest(most: number): string[] {
    return [...this.tallied.values()]
      .map(({ key, events }) => ({ key, size: events }))
      .sort(compareGroups)
      .slice(0, most)
      .map(({ key }) => key);
  }

  private newGroup(name: GroupName): TalliedGroup | null {
    if (this.tallied.size >= this.limits.groups) {
      this.dropAggregates();
      return null;
    }
    const group = { ...name, byPlace: new Map<number, number>(), events: 0 };
    this.tallied.set(name.key, group);
    return group;
  }

  private dropAggregates(): void {
    if (!this.isComplete) return;
    this.isComplete = false;
    for (const group of this.tallied.values()) group.byPlace.clear();
  }
}

/** For the second count: sums some groups separately, and all others as one group with an empty key. */
export class FoldedTally {
  private readonly counted = new Map<string, CountedGroup>();
  private readonly kept: ReadonlySet<string>;

  constructor(kept: readonly string[]) {
    this.kept = new Set(kept);
  }

  add(name: GroupName, place: number, events: number): void {
    const shown = this.kept.has(name.key) ? name : { texts: [], key: "" };
    const group = this.counted.get(shown.key) ?? { ...shown, byPlace: new Map<number, number>() };
    this.counted.set(shown.key, group);
    group.byPlace.set(place, (group.byPlace.get(place) ?? 0) + events);
  }

  groups(): CountedGroup[] {
    return [...this.counted.values()];
  }
}
