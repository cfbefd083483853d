import { expect, it } from "vitest";
import { sampleAt, storedBytes } from "../../../bench/queries/sample-events.ts";

it("makes interleaved sessions of ten, each numbered from one and opened at its first", () => {
  const events = Array.from({ length: 40_000 }, (_, place) => sampleAt(place));
  for (const own of Map.groupBy(events, ({ session }) => session).values()) {
    expect(own.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(own[0]?.opens).toBe(true);
  }
  expect(new Set(events.slice(0, 100).map(({ session }) => session)).size).toBe(100);
});

it("tells how long a database of 10 GB lasts at 100 events a second", () => {
  expect(storedBytes(1_000, 250_000)).toMatchObject({ bytesPerEvent: 250 });
  expect(storedBytes(1_000, 250_000).daysPerDatabase).toBeCloseTo(10e9 / (250 * 8_640_000), 6);
});
