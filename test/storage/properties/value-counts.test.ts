import { describe, expect, it } from "vitest";
import {
  addCounts,
  addToDay,
  addValue,
  fitsInRow,
  MAX_COUNTED_VALUES,
  noValues,
  PARTS_OF_HOUR,
  readValueCounts,
  type StoredCounts,
  writeValueCounts,
} from "../../../src/storage/properties/value-counts";

type Added = [part: number, value: string | number | null];

function countsOf(added: readonly Added[]) {
  const counts = noValues(PARTS_OF_HOUR);
  for (const [part, value] of added) addValue(counts, part, value);
  return counts;
}

/** The counts of an hour as a reader finds them. */
const storedOf = (added: readonly Added[]) => readValueCounts(writeValueCounts(countsOf(added)));

function numbersOf({ texts, numbers, events }: StoredCounts): Map<string, number[]> {
  const width = events.length;
  return new Map(texts.map((text, place) => [text, numbers.slice(place * width, (place + 1) * width)]));
}

describe("the counts of an hour", () => {
  it("count events and values by quarter, and sum numbers", () => {
    const counts = countsOf([
      [0, "a"],
      [0, "a"],
      [3, "a"],
      [1, null],
      [2, "__proto__"],
    ]);
    expect(counts.events).toEqual([2, 1, 1, 1]);
    expect([...counts.values]).toEqual([
      ["a", [2, 0, 0, 1]],
      ["__proto__", [0, 0, 1, 0]],
    ]);
    const numbers = countsOf([
      [0, 2.5],
      [0, -1],
      [1, 10],
    ]);
    expect(numbers.sums).toEqual([1.5, 10, 0, 0]);
    expect(numbers.values.size).toBe(3);
  });

  it("are the same after they were written and read", () => {
    const counts = countsOf([
      [0, "a"],
      [1, "__proto__"],
      [2, "17"],
      [3, null],
      [3, ""],
    ]);
    const stored = readValueCounts(writeValueCounts(counts));
    expect(stored).toMatchObject({ events: [1, 1, 1, 2], rest: [0, 0, 0, 0], restValues: 0 });
    expect(numbersOf(stored)).toEqual(counts.values);
  });

  it("are read from rows with a member for each value, as they were stored before", () => {
    const others = { events: [2, 1, 0, 0], rest: [0, 1, 0, 0], restValues: 1, sums: [0, 0, 0, 0] };
    const stored = readValueCounts(JSON.stringify({ ...others, values: { a: [1, 0, 0, 0], b: [1, 0, 0, 0] } }));
    expect(stored).toEqual({ ...others, texts: ["a", "b"], numbers: [1, 0, 0, 0, 1, 0, 0, 0] });
  });

  it("keep the most frequent values and the sum of the others", () => {
    const rare = Array.from({ length: MAX_COUNTED_VALUES }, (_, n): Added => [n % 4, `rare ${n}`]);
    const read = storedOf([...rare, [1, "common"], [1, "common"]]);
    expect(read.texts).toHaveLength(MAX_COUNTED_VALUES);
    expect(numbersOf(read).get("common")).toEqual([0, 2, 0, 0]);
    expect(read.restValues).toBe(1);
    expect(read.rest.reduce((sum, one) => sum + one, 0)).toBe(1);
  });

  it("keep few long values, because a row is limited", () => {
    const long = Array.from({ length: 5 }, (_, n): Added => [0, `${n}`.repeat(100_000)]);
    const text = writeValueCounts(countsOf(long));
    expect(readValueCounts(text)).toMatchObject({ rest: [1, 0, 0, 0], restValues: 1 });
  });
});

it("adds up the counts of hours, by quarter", () => {
  const sums = noValues(PARTS_OF_HOUR);
  addCounts(
    sums,
    storedOf([
      [0, "a"],
      [1, "b"],
      [1, 2.5],
    ]),
  );
  addCounts(sums, { ...storedOf([[0, "a"]]), rest: [1, 0, 0, 2], restValues: 3 });
  addCounts(sums, { ...storedOf([[3, null]]), restValues: 2 });
  expect(sums).toMatchObject({ events: [2, 2, 0, 1], rest: [1, 0, 0, 2], restValues: 3, sums: [0, 2.5, 0, 0] });
  expect(sums.values.get("a")).toEqual([2, 0, 0, 0]);
  expect(sums.values.get("b")).toEqual([0, 1, 0, 0]);
});

it("knows whether a row holds all values", () => {
  const many = (n: number, length = 1) =>
    countsOf(Array.from({ length: n }, (_, i): Added => [0, `${i}`.repeat(length)]));
  expect([MAX_COUNTED_VALUES, MAX_COUNTED_VALUES + 1].map((n) => fitsInRow(many(n)))).toEqual([true, false]);
  expect([4, 5].map((n) => fitsInRow(many(n, 100_000)))).toEqual([true, false]);
});

it("sums hours to a day", () => {
  const day = noValues(1);
  addToDay(
    day,
    storedOf([
      [0, "a"],
      [1, "b"],
    ]),
  );
  addToDay(day, {
    ...storedOf([
      [3, "a"],
      [3, null],
    ]),
    rest: [1, 2, 0, 0],
    restValues: 3,
  });
  addToDay(day, { ...storedOf([[0, 4]]), restValues: 2 });
  expect(day).toMatchObject({ events: [5], rest: [3], restValues: 3, sums: [4] });
  expect(day.values.get("a")).toEqual([2]);
});
