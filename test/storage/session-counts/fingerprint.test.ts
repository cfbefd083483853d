import { expect, it } from "vitest";
import { SAMPLE_KEYS } from "../../../src/storage/partitions/sample-key";
import {
  addToSums,
  binOfSample,
  isUnchanged,
  noSums,
  writeSums,
} from "../../../src/storage/session-counts/fingerprint";

const group = (sampleKey: number, mark: number) => ({ sampleKey, mark, events: 1 });

it("shows among which sessions events have arrived", () => {
  const sums = noSums();
  addToSums(sums, group(0, 1_000_000));
  addToSums(sums, group(SAMPLE_KEYS - 1, 2 ** 20 - 1));
  const stored = writeSums(sums);
  expect(stored).toHaveLength(1_024);
  expect(sums.every((_, bin) => isUnchanged(stored, sums, bin))).toBe(true);
  addToSums(sums, group(200, 5));
  const changed = sums.flatMap((_, bin) => (isUnchanged(stored, sums, bin) ? [] : [bin]));
  expect(changed).toEqual([binOfSample(200)]);
});

it("is the same whatever the order of the events", () => {
  const [a, b] = [noSums(), noSums()];
  const groups = Array.from({ length: 50 }, (_, n) => group(n * 600, n * 20_000));
  for (const one of groups) addToSums(a, one);
  for (const one of groups.toReversed()) addToSums(b, one);
  expect(writeSums(a)).toBe(writeSums(b));
});
