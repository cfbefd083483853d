import type { Micros } from "../../time/time";
import { binOf } from "../numbers/number-bins";
import { PlaceTable, type Windows } from "./place-table";
import type { EarlierWindows, SessionWindow } from "./session-counts";

/** How many durations, in seconds, each bin holds (number-bins.ts). */
export type DurationBins = Map<string, number>;

/**
 * What a window of 15 minutes adds to the durations of sessions, as bins by places. A session that continues leaves the bin
 * of its earlier duration, so numbers may be negative.
 */
export class DurationTable extends PlaceTable<DurationBins> {
  add(at: number, after: number, bin: string, count: number): void {
    const bins = this.contentAt(at, after);
    const sum = (bins.get(bin) ?? 0) + count;
    if (sum === 0) bins.delete(bin);
    else bins.set(bin, sum);
  }

  /** Adds the durations of a window or hour to those of the hour or day that begins with the window `first`. */
  addWithin(own: DurationTable, first: number): void {
    for (const { at, after, content } of this.placesWithin(own, first)) {
      for (const [bin, count] of content) this.add(at, after, bin, count);
    }
  }

  /** Adds them to the buckets of a range that starts with the window `first`. */
  addToRange(first: number, bucketAt: (window: number) => DurationBins | undefined): void {
    for (const { at, content } of this.placesFor(first)) {
      const bucket = bucketAt(at);
      if (bucket === undefined) continue;
      for (const [bin, count] of content) bucket.set(bin, (bucket.get(bin) ?? 0) + count);
    }
  }

  /** The same, or if there are too many bins, without those of ranges that start after windows of their sessions. */
  limited(most: number): DurationTable {
    if (this.size <= most) return this;
    const limited = new DurationTable();
    if (this.lacking !== null) limited.lack(this.lacking);
    let left = most;
    for (const { at, after, content } of this.places().sort((a, b) => a.after - b.after)) {
      left -= content.size;
      if (left < 0) limited.lack([after + 1, at]);
      else for (const [bin, count] of content) limited.add(at, after, bin, count);
    }
    return limited;
  }

  toJSON(): HeldDurations {
    return {
      lacking: this.lacking,
      places: this.places().map(({ at, after, content }) => [at, after, ...packed(content)]),
    };
  }

  static from({ lacking, places }: HeldDurations): DurationTable {
    const table = new DurationTable();
    if (lacking !== null) table.lack(lacking);
    for (const [at = 0, after = 0, ...bins] of places) {
      for (const [bin, count] of unpacked(bins)) table.add(at, after, bin, count);
    }
    return table;
  }

  protected empty(): DurationBins {
    return new Map();
  }
}

/** The stored form: of each place `at`, `after`, and pairs of a bin (the first one, then differences) and its number. */
interface HeldDurations {
  lacking: Windows | null;
  places: number[][];
}

/** The number of the bin of zero, below those of a microsecond and more. */
const ZERO_BIN = -1_000;

function packed(bins: DurationBins): number[] {
  const numbered = [...bins].map(([bin, count]) => [bin === "0" ? ZERO_BIN : Number(bin.slice(1)), count] as const);
  let before = 0;
  return numbered
    .sort(([a], [b]) => a - b)
    .flatMap(([number, count]) => {
      const step = number - before;
      before = number;
      return [step, count];
    });
}

function* unpacked(pairs: readonly number[]): Generator<[bin: string, count: number]> {
  let number = 0;
  for (let place = 0; place < pairs.length; place += 2) {
    number += pairs[place] ?? 0;
    yield [number === ZERO_BIN ? "0" : `+${number}`, pairs[place + 1] ?? 0];
  }
}

/** The most bins that a window, hour or day keeps: about 100 KB. */
const MAX_BINS = 20_000;

export function writeDurations(table: DurationTable): string {
  return JSON.stringify(table.limited(MAX_BINS));
}

export function readDurations(text: string): DurationTable {
  return DurationTable.from(JSON.parse(text));
}

/** The bin of a duration. */
export function durationBin(micros: Micros): string {
  return binOf(micros / 1_000_000);
}

/** Adds a session that has events in the window. */
export function addSessionDurations(
  table: DurationTable,
  { window, first, last }: SessionWindow,
  { previous, before, completeFrom, firsts }: EarlierWindows,
): void {
  const none = completeFrom - 1;
  if (completeFrom > 0) table.lack([0, none]);
  table.add(window, previous?.window ?? none, durationBin(last - first), 1);
  if (previous === null) return;
  for (const [place, own] of [...before, previous.window].entries()) {
    const after = before[place - 1] ?? none;
    const began = firsts.get(own);
    if (began === undefined) {
      table.lack([after + 1, own]);
      continue;
    }
    const [known, now] = [durationBin(previous.last - began), durationBin(last - began)];
    if (known === now) continue;
    table.add(own, after, known, -1);
    table.add(own, after, now, 1);
  }
}
