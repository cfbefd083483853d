import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { isDue, measureNumber, usualOf } from "../../src/alerting/measure-number";
import { type NumberThreshold, reachesNumber } from "../../src/model/alerts/number-threshold";
import { databasesOf } from "../../src/storage/core/databases";
import type { EventRow } from "../../src/storage/write/rows";
import { measure, textAt } from "../api/questions/stats/naive-stats";
import { eventRow, MINUTE, MORNING, store } from "../storage/seed";

const databases = databasesOf(env);
const WEEK = 7 * 24 * 60 * MINUTE;
const webhook = { url: "https://hooks.example.com", format: "json" as const };

/** Three weeks of orders around the same hour, and what does not count. */
const anyRow = fc.record({
  session: fc.nat({ max: 9 }).map((n) => `s${n}`),
  visitor: fc.option(fc.nat({ max: 5 }).map((n) => `v${n}`)),
  application: fc.constantFrom("shop", "blog"),
  name: fc.constantFrom("order", "pageview"),
  data: fc.constantFrom('{"price":5,"path":"/a"}', '{"price":7.5,"path":"/b"}', '{"path":"/b"}'),
  occurredAt: fc
    .tuple(fc.constantFrom(0, 1, 2), fc.integer({ min: -70, max: 5 }))
    .map(([week, minute]) => MORNING + (2 - week) * WEEK + minute * MINUTE),
});

const rows: EventRow[] = fc.sample(anyRow, { numRuns: 200, seed: 5 }).map((row) => eventRow(row));
const now = MORNING + 2 * WEEK + 17_000_000;

beforeAll(async () => {
  await store(databases, { events: rows });
});

/** The same from the events themselves. */
function naive(metric: string, minutes: number, back: number, keep: (row: EventRow) => boolean): number | null {
  const end = MORNING + 2 * WEEK - MINUTE - back * WEEK;
  const own = rows.filter((row) => row.occurredAt >= end - minutes * MINUTE && row.occurredAt < end && keep(row));
  return measure(metric, own);
}

describe("measureNumber", () => {
  it.each(["events", "sessions", "visitors", "sum:price", "avg:price", "p90:price"])(
    "equals %s of the window's events, and the mean of the weeks before",
    async (metric) => {
      const change = { metric, change: 0.5, direction: "any", weeks: 4, at_least: 1 } as const;
      const rule = { application: "shop", event_name: "order", window_minutes: 60, webhook, threshold: change };
      const isOrder = (row: EventRow) => row.application === "shop" && row.name === "order";
      const before = [1, 2].map((back) => naive(metric, 60, back, isOrder) ?? 0);
      expect(await measureNumber(databases, rule, change, now)).toEqual({
        value: naive(metric, 60, 0, isOrder),
        usual: expect.closeTo(before.reduce((sum, one) => sum + one, 0) / 2, 9),
      });
    },
  );

  it("chooses events by the values of their properties", async () => {
    const threshold: NumberThreshold = { metric: "events", above: 3, data: { path: ["/b"] } };
    const rule = { window_minutes: 30, webhook, threshold };
    expect(await measureNumber(databases, rule, threshold, now)).toEqual({
      value: naive("events", 30, 0, (row) => textAt(row, "path") === "/b"),
      usual: null,
    });
  });

  it("measures what no count holds every five minutes", () => {
    const ticks = [0, 1, 2, 3, 4, 5].map((minute) => MORNING + minute * MINUTE);
    expect(ticks.map((tick) => isDue({ metric: "events", above: 1 }, tick))).toEqual(ticks.map(() => true));
    expect(ticks.map((tick) => isDue({ metric: "sessions", above: 1 }, tick))).toEqual([
      true,
      false,
      false,
      false,
      false,
      true,
    ]);
  });
});

it("takes no week before the first number for usual", () => {
  expect(usualOf([4, 0, 2, 0, null, 0])).toBe(2);
  expect(usualOf([0, null])).toBeNull();
});

describe("reachesNumber", () => {
  const change = { metric: "events", change: 0.5, weeks: 4, at_least: 10 } as const;

  it.each<[NumberThreshold, number | null, number | null, boolean]>([
    [{ metric: "events", above: 5 }, 6, null, true],
    [{ metric: "events", above: 5 }, 5, null, false],
    [{ metric: "events", below: 5 }, 4, null, true],
    [{ metric: "events", below: 5 }, 5, null, false],
    [{ metric: "avg:price", below: 5 }, null, null, false],
    [{ ...change, direction: "any" }, 15, 10, true],
    [{ ...change, direction: "any" }, 5, 10, true],
    [{ ...change, direction: "any" }, 14, 10, false],
    [{ ...change, direction: "up" }, 5, 10, false],
    [{ ...change, direction: "down" }, 5, 10, true],
    [{ ...change, direction: "down" }, 15, 10, false],
    [{ ...change, direction: "any" }, 90, 9, false],
    [{ ...change, direction: "any" }, 90, null, false],
  ])("%j at %s, usually %s: %s", (threshold, value, usual, isReached) => {
    expect(reachesNumber(threshold, { value, usual })).toBe(isReached);
  });
});
