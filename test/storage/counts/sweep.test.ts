import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { hoursToCheck, readSweep, SWEPT_HOURS, type SweepTable, writeSweep } from "../../../src/storage/counts/sweep";

const database = firstDatabase(databasesOf(env));
const TABLES: SweepTable[] = [
  { table: "property_sweep", began: "started_at" },
  { table: "session_sweep", began: "began_at" },
];

it.each(TABLES)("stores how far a sweep has come: $table", async (table) => {
  expect(await readSweep(database, table)).toBeNull();
  await writeSweep(database, table, { hour: 7_200, beganAt: 5 });
  await writeSweep(database, table, { hour: 3_600, beganAt: 6 });
  expect(await readSweep(database, table)).toEqual({ hour: 3_600, beganAt: 6 });
});

it("keeps the two sweeps apart", async () => {
  const [properties, sessions] = TABLES;
  if (properties === undefined || sessions === undefined) throw new Error("there are two tables");
  await writeSweep(database, properties, { hour: 3_600, beganAt: 1 });
  await writeSweep(database, sessions, { hour: 7_200, beganAt: 2 });
  expect(await readSweep(database, properties)).toEqual({ hour: 3_600, beganAt: 1 });
});

/** Hours with events, by their numbers. */
function hoursWithEvents(hours: readonly number[]) {
  return async (before: number, most: number) =>
    hours
      .map((hour) => hour * 3_600)
      .filter((hour) => hour < before)
      .sort((a, b) => b - a)
      .slice(0, most);
}

describe("hoursToCheck", () => {
  const closed = 1_000 * 3_600;
  const busy = Array.from({ length: 1_000 }, (_, hour) => hour);

  it("has the three newest hours and the next ones of the cycle, newest first", async () => {
    const { hours, reached } = await hoursToCheck(hoursWithEvents(busy), { closed, from: 500 * 3_600 });
    expect(hours.slice(0, 4)).toEqual([999, 998, 997, 499].map((hour) => hour * 3_600));
    expect(hours).toHaveLength(3 + SWEPT_HOURS);
    expect(reached).toBe((500 - SWEPT_HOURS) * 3_600);
    expect(hours.at(-1)).toBe(reached);
  });

  it("has no hour twice if the cycle begins", async () => {
    const { hours } = await hoursToCheck(hoursWithEvents(busy), { closed, from: closed });
    expect(hours).toHaveLength(SWEPT_HOURS);
    expect(new Set(hours).size).toBe(SWEPT_HOURS);
  });

  it("begins a new cycle after the oldest hour", async () => {
    const few = await hoursToCheck(hoursWithEvents([3, 5, 8]), { closed, from: 6 * 3_600 });
    expect(few).toEqual({ hours: [8, 5, 3].map((hour) => hour * 3_600), reached: closed });
  });

  it("has nothing to check without events", async () => {
    expect(await hoursToCheck(hoursWithEvents([]), { closed, from: closed })).toEqual({ hours: [], reached: closed });
  });
});
