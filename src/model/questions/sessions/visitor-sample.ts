import { hash48 } from "../../event/short-hash";
import type { Estimated } from "../numbers/estimate";
import { countInterval, estimateCount } from "../numbers/estimate";

/** The group and bucket of a visitor's session. Groups are numbered; -1 is one that is no longer kept apart. */
type Place = [group: number, bucket: number];

/** Distinct visitors in a form that JSON can store. */
export interface VisitorState {
  /** The share of all visitors that is kept. */
  share: number;
  visitors: [hash: number, places: Place[]][];
}

/** Pairs of visitor and place that are kept: about 20 bytes each. */
const MAX_PLACES = 20_000;

/**
 * Distinct visitors by the groups and buckets of their sessions: all of them as long as they fit, and otherwise those
 * with the smallest hashes. Which visitors are kept does not depend on the order in which they come, so the samples
 * of several steps can be joined.
 */
export class VisitorSample {
  private readonly visitors = new Map<number, Map<string, Place>>();
  private places = 0;
  private share = 1;

  add(visitor: string, place: Place): void {
    this.addHash(hash48(visitor), place);
  }

  /** @param numberOf the number of a group here, by its number there */
  addAll({ share, visitors }: VisitorState, numberOf: (group: number) => number): void {
    if (share < this.share) this.narrow(share);
    for (const [hash, places] of visitors) {
      for (const [group, bucket] of places) this.addHash(hash, [group === -1 ? -1 : numberOf(group), bucket]);
    }
  }

  /** No longer keeps some groups apart. */
  fold(groups: ReadonlySet<number>): void {
    for (const places of this.visitors.values()) {
      for (const [key, [group, bucket]] of [...places]) {
        if (!groups.has(group)) continue;
        places.delete(key);
        places.set(`-1 ${bucket}`, [-1, bucket]);
      }
    }
    this.places = [...this.visitors.values()].reduce((sum, own) => sum + own.size, 0);
  }

  get state(): VisitorState {
    return { share: this.share, visitors: [...this.visitors].map(([hash, own]) => [hash, [...own.values()]]) };
  }

  private addHash(hash: number, place: Place): void {
    if (!isBelow(hash, this.share)) return;
    const known = this.visitors.get(hash) ?? new Map<string, Place>();
    this.visitors.set(hash, known);
    const key = place.join(" ");
    if (known.has(key)) return;
    known.set(key, place);
    this.places += 1;
    while (this.places > MAX_PLACES) this.narrow(this.share / 2);
  }

  private narrow(share: number): void {
    this.share = share;
    for (const [hash, own] of this.visitors) {
      if (isBelow(hash, share)) continue;
      this.visitors.delete(hash);
      this.places -= own.size;
    }
  }
}

function isBelow(hash: number, share: number): boolean {
  return hash < share * 2 ** 48;
}

/** The visitors with a session in a place that `isIn` accepts. */
export function estimateVisitors(
  { share, visitors }: VisitorState,
  isIn: (group: number, bucket: number) => boolean,
): Estimated {
  const found = visitors.filter(([, places]) => places.some(([group, bucket]) => isIn(group, bucket))).length;
  return { value: estimateCount(found, share), interval: countInterval(found, share) };
}
