import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { expectedEvents } from "../../../src/storage/sequences/expected-events";
import { emptyDatabases } from "../empty-databases";
import { DAY, eventRow, HOUR, MINUTE, MORNING, store } from "../seed";

const first = firstDatabase(databasesOf(env));

beforeAll(async () => {
  await emptyDatabases(databasesOf(env));
  const at = (minute: number) => eventRow({ occurredAt: MORNING + minute * MINUTE });
  await store([first], { events: [at(0), at(1), at(2), at(59), at(60), at(61)] });
});

it.each([
  ["whole hours", MORNING, MORNING + 2 * HOUR - 1, 6],
  ["half an hour, evenly", MORNING, MORNING + 30 * MINUTE - 1, 2],
  ["half of two hours", MORNING + 30 * MINUTE, MORNING + 90 * MINUTE - 1, 3],
  ["an hour without events", MORNING + 5 * HOUR, MORNING + 6 * HOUR - 1, 0],
])("estimates the events of %s from counts by hour", async (_, low, high, events) => {
  const expected = await expectedEvents(first, { low, high });
  expect(expected({ low, high })).toBeCloseTo(events, 6);
});

it("estimates parts of the range that it read", async () => {
  const expected = await expectedEvents(first, { low: MORNING, high: MORNING + 4 * HOUR });
  expect(expected({ low: MORNING + HOUR, high: MORNING + 2 * HOUR - 1 })).toBeCloseTo(2, 6);
});

it("estimates long ranges from counts by day", async () => {
  const low = MORNING - 9 * HOUR;
  const expected = await expectedEvents(first, { low, high: low + 5 * DAY });
  expect(expected({ low, high: low + DAY - 1 })).toBeCloseTo(6, 6);
  expect(expected({ low, high: low + 12 * HOUR - 1 })).toBeCloseTo(3, 6);
});
