import { expect, it } from "vitest";
import { SAMPLE_PARTITION, sampleAt, storedBytes } from "../../../../bench/queries/data/sample-events.ts";

it("generates interleaved sessions of ten, in order of time, all in one partition", () => {
  const events = Array.from({ length: 40_000 }, (_, place) => sampleAt(place));
  const sessions = [...Map.groupBy(events, ({ session }) => session).values()];
  expect(sessions.every(({ length }) => length === 10)).toBe(true);
  expect(new Set(events.slice(0, 100).map(({ session }) => session)).size).toBe(100);
  const times = events.map(({ occurredAt }) => occurredAt);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times.every((at) => at >= SAMPLE_PARTITION.from && at < SAMPLE_PARTITION.to)).toBe(true);
});

it("computes how long a database of 10 GB lasts at 100 events a second", () => {
  expect(storedBytes(1_000, 250_000)).toMatchObject({ bytesPerEvent: 250 });
  expect(storedBytes(1_000, 250_000).daysPerDatabase).toBeCloseTo(10e9 / (250 * 8_640_000), 6);
});
