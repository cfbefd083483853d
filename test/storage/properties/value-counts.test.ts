import { describe, expect, it } from "vitest";
import {
  addToDay,
  addValue,
  MAX_COUNTED_VALUES,
  noValues,
  PARTS_OF_HOUR,
  readValueCounts,
  writeValueCounts,
} from "../../../src/storage/properties/value-counts";

type Added = [part: number, value: string | number | null];

function countsOf(added: readonly Added[]) {
  const counts = noValues(PARTS_OF_HOUR);
  for (const [part, value] of added) addValue(counts, part, value);
  return counts;
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
    expect(readValueCounts(writeValueCounts(counts))).toEqual(counts);
  });

  it("keep the most frequent values and the sum of the others", () => {
    const rare = Array.from({ length: MAX_COUNTED_VALUES }, (_, n): Added => [n % 4, `rare ${n}`]);
    const read = readValueCounts(writeValueCounts(countsOf([...rare, [1, "common"], [1, "common"]])));
    expect(read.values.size).toBe(MAX_COUNTED_VALUES);
    expect(read.values.get("common")).toEqual([0, 2, 0, 0]);
    expect(read.restValues).toBe(1);
    expect(read.rest.reduce((sum, one) => sum + one, 0)).toBe(1);
  });

  it("keep few long values, because a row is limited", () => {
    const long = Array.from({ length: 5 }, (_, n): Added => [0, `${n}`.repeat(100_000)]);
    const text = writeValueCounts(countsOf(long));
    expect(readValueCounts(text)).toMatchObject({ rest: [1, 0, 0, 0], restValues: 1 });
  });
});

it("sums hours to a day", () => {
  const day = noValues(1);
  addToDay(
    day,
    countsOf([
      [0, "a"],
      [1, "b"],
    ]),
  );
  addToDay(day, {
    ...countsOf([
      [3, "a"],
      [3, null],
    ]),
    rest: [1, 2, 0, 0],
    restValues: 3,
  });
  addToDay(day, { ...countsOf([[0, 4]]), restValues: 2 });
  expect(day).toMatchObject({ events: [5], rest: [3], restValues: 3, sums: [4] });
  expect(day.values.get("a")).toEqual([2]);
});
