import type { BucketRange } from "./counts";

/** What events are divided by. */
export interface GroupName {
  texts: string[];
  /** The texts as one, made once. */
  key: string;
}

export function groupName(texts: string[]): GroupName {
  return { texts, key: JSON.stringify(texts) };
}

/** A group with its events by the starts of their buckets. */
export interface CountedGroup extends GroupName {
  byBucket: Map<number, number>;
}

interface TallyLimits {
  /** Buckets times groups of an answer. */
  cells: number;
  /** Groups of which sums are kept. */
  groups: number;
}

interface TalliedGroup extends CountedGroup {
  events: number;
  /** Bits of the buckets that it has events in. */
  buckets: Uint8Array;
  filled: number;
}

/**
 * Adds up counts by group and bucket, as long as there are not too many of these cells. From then on it adds up by group
 * alone, to find out which groups are the largest.
 */
export class GroupTally {
  private readonly tallied = new Map<string, TalliedGroup>();
  private cells = 0;
  private isComplete = true;

  constructor(
    private readonly range: BucketRange,
    private readonly limits: TallyLimits,
  ) {}

  add(name: GroupName, bucket: number, events: number): void {
    const group = this.tallied.get(name.key) ?? this.newGroup(name);
    if (group === null) return;
    group.events += events;
    const place = (bucket - this.range.first) / this.range.seconds;
    const bit = 1 << (place % 8);
    const held = group.buckets[place >> 3] ?? 0;
    if ((held & bit) === 0) {
      group.buckets[place >> 3] = held | bit;
      group.filled += 1;
      this.cells += 1;
      if (this.cells > this.limits.cells) this.dropCells();
    }
    if (this.isComplete) group.byBucket.set(bucket, (group.byBucket.get(bucket) ?? 0) + events);
  }

  /** Null if there are more cells than an answer holds. */
  groups(): CountedGroup[] | null {
    return this.isComplete ? [...this.tallied.values()] : null;
  }

  /**
   * For counting once more: takes the largest groups by themselves, as many as an answer holds, and all others as one.
   *
   * @param other the name of that one
   */
  largest(other: GroupName): FoldedTally {
    const buckets = (this.range.last - this.range.first) / this.range.seconds + 1;
    let left = this.limits.cells - buckets;
    const kept = new Set<string>();
    for (const [key, { filled }] of [...this.tallied].sort(([, a], [, b]) => b.events - a.events)) {
      left -= filled;
      if (left < 0) break;
      kept.add(key);
    }
    return new FoldedTally(kept, other);
  }

  private newGroup(name: GroupName): TalliedGroup | null {
    if (this.tallied.size >= this.limits.groups) {
      this.dropCells();
      return null;
    }
    const buckets = new Uint8Array(Math.ceil(((this.range.last - this.range.first) / this.range.seconds + 1) / 8));
    const group = { ...name, byBucket: new Map<number, number>(), events: 0, buckets, filled: 0 };
    this.tallied.set(name.key, group);
    return group;
  }

  private dropCells(): void {
    if (!this.isComplete) return;
    this.isComplete = false;
    for (const group of this.tallied.values()) group.byBucket.clear();
  }
}

/** Adds up counts of some groups by themselves, and of all others as one. */
export class FoldedTally {
  private readonly counted = new Map<string, CountedGroup>();

  constructor(
    private readonly kept: ReadonlySet<string>,
    private readonly other: GroupName,
  ) {}

  add(name: GroupName, bucket: number, events: number): void {
    const shown = this.kept.has(name.key) ? name : this.other;
    const group = this.counted.get(shown.key) ?? { ...shown, byBucket: new Map<number, number>() };
    this.counted.set(shown.key, group);
    group.byBucket.set(bucket, (group.byBucket.get(bucket) ?? 0) + events);
  }

  groups(): CountedGroup[] {
    return [...this.counted.values()];
  }
}
