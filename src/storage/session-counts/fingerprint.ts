import { SAMPLE_KEYS } from "../partitions/sample-key";
import type { GroupedEvents } from "./window-events";

/**
 * A fingerprint of the events of a window: 256 sums of hashes, each over the sessions of 128 sample keys. When the window
 * is counted again, another sum shows the sessions among which events have arrived or gone since.
 */

const BINS = 256;
const DIGITS = 4;
const MODULUS = 36 ** DIGITS;

export type Sums = number[];

export function noSums(): Sums {
  return Array.from({ length: BINS }, () => 0);
}

export function binOfSample(sampleKey: number): number {
  return Math.floor((sampleKey * BINS) / SAMPLE_KEYS);
}

export function addToSums(
  sums: Sums,
  { sampleKey, mark, events }: Pick<GroupedEvents, "sampleKey" | "mark" | "events">,
): void {
  const bin = binOfSample(sampleKey);
  sums[bin] = ((sums[bin] ?? 0) + mark + events) % MODULUS;
}

export function writeSums(sums: Sums): string {
  return sums.map((sum) => sum.toString(36).padStart(DIGITS, "0")).join("");
}

/** Returns whether a bin has the same sum as in a stored fingerprint. */
export function isUnchanged(stored: string, sums: Sums, bin: number): boolean {
  return Number.parseInt(stored.slice(bin * DIGITS, (bin + 1) * DIGITS), 36) === (sums[bin] ?? 0);
}
