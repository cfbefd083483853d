import { hash48 } from "../../../model/event/short-hash";

/**
 * Finds the archive files and row groups that hold a session or a visitor. The index is the table `archive_index` of
 * the files' database. It takes about 7 bytes for each session of a file, in buckets of about 64 entries. So it
 * costs one row for 700 events, and a look-up is one seek for each number of buckets.
 *
 * An entry holds 40 bits of a hash in addition to those that chose its bucket. One look-up in 10^9 mistakes another
 * session for this one. That costs one more read and does not change any answer.
 */

/** The bits of a hash that are used. Together with the number of a row group they fit into a double. */
const HASH_BITS = 46;
const GROUP_FACTOR = 64;

const ENTRY_BYTES = 7;
const FINGERPRINT_BYTES = 5;
const ENTRIES_PER_BUCKET = 64;

/** A file has 2^level buckets. */
export const MAX_INDEX_LEVEL = 12;

/** The first and last row group of a file that hold a session or visitor. Row groups between them may not hold it. */
export interface IndexedGroups {
  first: number;
  last: number;
}

/** The name of a visitor in the index. No session id has a control character. */
export function visitorName(visitor: string): string {
  return `\u0000${visitor}`;
}

function hashOf(name: string): number {
  return Math.floor(hash48(name) / 4);
}

/** Buckets are numbered like a heap, so numbers of different levels never collide. */
function bucketAt(hash: number, level: number): number {
  return 2 ** level + Math.floor(hash / 2 ** (HASH_BITS - level));
}

function fingerprintOf(hash: number): number {
  return hash % 2 ** (8 * FINGERPRINT_BYTES);
}

/** What to look up: the buckets that may hold a name, one for each level, and its fingerprint as hexadecimal digits. */
export function soughtOf(name: string): { buckets: number[]; fingerprint: string } {
  const hash = hashOf(name);
  return {
    buckets: Array.from({ length: MAX_INDEX_LEVEL + 1 }, (_, level) => bucketAt(hash, level)),
    fingerprint: fingerprintOf(hash)
      .toString(16)
      .padStart(2 * FINGERPRINT_BYTES, "0"),
  };
}

/** Finds a fingerprint in the entries of a bucket. Both are hexadecimal digits. */
export function groupsIn(entries: string, fingerprint: string): IndexedGroups | null {
  const digits = fingerprint.toUpperCase();
  const all = entries.toUpperCase();
  for (let place = 0; place < all.length; place += 2 * ENTRY_BYTES) {
    if (!all.startsWith(digits, place)) continue;
    const at = place + digits.length;
    return { first: Number.parseInt(all.slice(at, at + 2), 16), last: Number.parseInt(all.slice(at + 2, at + 4), 16) };
  }
  return null;
}

/** A row of the index, with its entries as hexadecimal digits. */
export interface IndexBucket {
  bucket: number;
  entries: string;
}

export interface BuiltIndex {
  level: number;
  buckets: IndexBucket[];
}

/**
 * Collects the sessions and visitors of a file. Takes 8 bytes of memory for each pair of session or visitor and row
 * group.
 */
export class SessionIndexBuilder {
  private readonly seen: number[] = [];
  private readonly inGroup = new Set<string>();
  private group = -1;

  add(name: string, group: number): void {
    if (group !== this.group) {
      this.inGroup.clear();
      this.group = group;
    }
    if (this.inGroup.has(name)) return;
    this.inGroup.add(name);
    this.seen.push(hashOf(name) * GROUP_FACTOR + group);
  }

  build(): BuiltIndex {
    const sorted = Float64Array.from(this.seen).sort();
    let names = 0;
    for (const [place, value] of sorted.entries()) {
      if (place === 0 || hashIn(value) !== hashIn(sorted[place - 1] ?? -1)) names += 1;
    }
    const level = Math.min(MAX_INDEX_LEVEL, Math.max(0, Math.ceil(Math.log2(names / ENTRIES_PER_BUCKET))));
    const buckets: IndexBucket[] = [];
    for (let place = 0; place < sorted.length; ) {
      const hash = hashIn(sorted[place] ?? 0);
      const first = (sorted[place] ?? 0) % GROUP_FACTOR;
      let last = first;
      for (; place < sorted.length && hashIn(sorted[place] ?? 0) === hash; place++) {
        last = (sorted[place] ?? 0) % GROUP_FACTOR;
      }
      const bucket = bucketAt(hash, level);
      const entry = [
        fingerprintOf(hash)
          .toString(16)
          .padStart(2 * FINGERPRINT_BYTES, "0"),
        byte(first),
        byte(last),
      ];
      const open = buckets.at(-1);
      if (open?.bucket === bucket) open.entries += entry.join("");
      else buckets.push({ bucket, entries: entry.join("") });
    }
    return { level, buckets };
  }
}

function hashIn(value: number): number {
  return Math.floor(value / GROUP_FACTOR);
}

function byte(value: number): string {
  return value.toString(16).padStart(2, "0");
}
