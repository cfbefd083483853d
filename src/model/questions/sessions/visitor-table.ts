import { hash48 } from "../../event/short-hash";
import { countInterval, estimateCount, type Interval } from "../numbers/estimate";
import { PlaceTable, type Windows } from "./place-table";
import type { EarlierWindows } from "./session-counts";

/** Distinct visitors, by a hash. */
export type VisitorHashes = Set<number>;

/** Of few enough visitors no two have the same: 30 days of MAX_VISITORS have two with a probability below 0.0005. */
const HASH_BITS = 42;
const HASHES = 2 ** HASH_BITS;

/** Hashes that a table holds while windows are counted: more than are stored, so that a session more changes little. */
const MAX_WORKING = 4_096;

/**
 * What a window of 15 minutes adds to the visitors of sessions, by places: a visitor of an event is at the place of each
 * window of the session up to that event. Visitors are sets, so a later event takes nothing back. If there are too many,
 * only those with the smallest hashes are kept, so samples can be joined.
 */
export class VisitorTable extends PlaceTable<VisitorHashes> {
  private count = 0;
  private kept = 1;

  /** The share of all visitors that is kept; 1 for all. */
  get share(): number {
    return this.kept;
  }

  add(at: number, after: number, hashes: Iterable<number>): void {
    const content = this.contentAt(at, after);
    for (const hash of hashes) {
      if (hash >= this.kept * HASHES || content.has(hash)) continue;
      content.add(hash);
      this.count += 1;
      if (this.count > MAX_WORKING) this.narrow(this.kept / 2);
    }
  }

  /** Keeps a smaller share. */
  narrow(share: number): void {
    if (share >= this.kept) return;
    this.kept = share;
    for (const { content } of this.places()) {
      for (const hash of content) if (hash >= share * HASHES) content.delete(hash);
    }
    this.count = this.size;
  }

  /** Adds the visitors of a window or hour to those of the hour or day that begins with the window `first`. */
  addWithin(own: VisitorTable, first: number): void {
    this.narrow(own.share);
    for (const { at, after, content } of this.placesWithin(own, first)) {
      this.add(at, after, content);
    }
  }

  /** Adds them to the buckets of a range that starts with the window `first`. */
  addToRange(first: number, bucketAt: (window: number) => VisitorHashes | undefined): void {
    for (const { at, content } of this.placesFor(first)) {
      const bucket = bucketAt(at);
      for (const hash of content) bucket?.add(hash);
    }
  }

  protected empty(): VisitorHashes {
    return new Set();
  }
}

/** The stored form: the share, and of each place `at`, `after` and its hashes, DIGITS characters each. */
interface HeldVisitors {
  lacking: Windows | null;
  share: number;
  places: [at: number, after: number, hashes: string][];
}

/**
 * The share is halved until few enough are kept, and not to the largest one that fits: the smallest share of several rows
 * would then be that of a row whose visitors happen to have small hashes, and the estimate for it too high.
 *
 * @param most the hashes that are kept: of more, about half of so many at least
 */
export function writeVisitors(table: VisitorTable, most: number): string {
  while (table.size > most) table.narrow(table.share / 2);
  const held: HeldVisitors = {
    lacking: table.lacking,
    share: table.share,
    places: table.places().map(({ at, after, content }) => [at, after, written(content)]),
  };
  return JSON.stringify(held);
}

export function readVisitors(text: string): VisitorTable {
  const { lacking, share, places }: HeldVisitors = JSON.parse(text);
  const table = new VisitorTable();
  if (lacking !== null) table.lack(lacking);
  table.narrow(share);
  for (const [at, after, hashes] of places) table.add(at, after, hashesIn(hashes));
  return table;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** By the code of a digit. */
const VALUES = new Uint8Array(128);
for (let value = 0; value < ALPHABET.length; value++) VALUES[ALPHABET.charCodeAt(value)] = value;
const DIGITS = HASH_BITS / 6;

function written(hashes: VisitorHashes): string {
  let text = "";
  for (const hash of [...hashes].sort((a, b) => a - b)) {
    for (let place = DIGITS - 1; place >= 0; place--) text += ALPHABET[Math.floor(hash / 64 ** place) % 64] ?? "";
  }
  return text;
}

function* hashesIn(text: string): Generator<number> {
  for (let from = 0; from < text.length; from += DIGITS) {
    let hash = 0;
    for (let place = from; place < from + DIGITS; place++) hash = hash * 64 + (VALUES[text.charCodeAt(place)] ?? 0);
    yield hash;
  }
}

/** @param visitor its id, always in the same form */
export function visitorHash(visitor: string): number {
  return Math.floor(hash48(visitor) / 2 ** (48 - HASH_BITS));
}

/** Adds the visitors of a session's events in the window. */
export function addSessionVisitors(
  table: VisitorTable,
  { window, visitors }: { window: number; visitors: Iterable<number> },
  { previous, before, completeFrom }: EarlierWindows,
): void {
  const none = completeFrom - 1;
  if (completeFrom > 0) table.lack([0, none]);
  const windows = previous === null ? [window] : [...before, previous.window, window];
  for (const [place, own] of windows.entries()) table.add(own, windows[place - 1] ?? none, visitors);
}

/**
 * The number of visitors, and its 95 % interval.
 *
 * @param found those of tables that keep this share or more
 */
export function countVisitors(found: Iterable<number>, share: number): { count: number; interval: Interval } {
  let kept = 0;
  for (const hash of found) if (hash < share * HASHES) kept += 1;
  return { count: estimateCount(kept, share), interval: countInterval(kept, share) };
}
