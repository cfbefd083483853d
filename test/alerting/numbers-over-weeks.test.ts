import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { measureNumber } from "../../src/alerting/measure-number";
import { type NumberThreshold, reachesNumber } from "../../src/model/alerts/number-threshold";
import { databasesOf } from "../../src/storage/core/databases";
import type { EventRow } from "../../src/storage/write/rows";
import { measure } from "../api/questions/stats/naive-stats";
import { eventRow, HOUR, MINUTE, store } from "../storage/seed";

/** Alerts on numbers against a naive computation, over weeks in which clocks change. */

const databases = databasesOf(env);
const DAY = 24 * HOUR;
/** 2021-04-08T12:00:00Z. Clocks changed on 14 March in New York, on 28 March in Berlin, on 4 April on Lord Howe Island. */
const NOON = 1_617_883_200_000_000;
const ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"];

const anyRow = fc.record({
  session: fc.nat({ max: 40 }).map((n) => `s${n}`),
  visitor: fc.option(fc.nat({ max: 20 }).map((n) => `v${n}`)),
  name: fc.constantFrom("order", "pageview"),
  data: fc.constantFrom('{"price":5}', '{"price":7.5}', '{"price":-2}', "{}"),
  occurredAt: fc
    .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: -6 * 60, max: 60 }), fc.integer({ min: 0, max: 59 }))
    .map(([week, minute, second]) => NOON - week * 7 * DAY + minute * MINUTE + second * 1_000_000),
});

const rows: EventRow[] = fc.sample(anyRow, { numRuns: 2_000, seed: 8 }).map((row) => eventRow(row));

beforeAll(async () => {
  await store(databases, { events: rows });
}, 120_000);

const formats = new Map(
  ZONES.map((timeZone) => [
    timeZone,
    new Intl.DateTimeFormat("en-GB", { timeZone, dateStyle: "short", timeStyle: "medium" }),
  ]),
);

/** What the clocks of a zone show, as if it were UTC. In microseconds. */
function clockOf(zone: string, moment: number): number {
  const text = formats.get(zone)?.format(Math.floor(moment / 1_000)) ?? "";
  const [, day, month, year, time] = /(\d\d)\/(\d\d)\/(\d{4}), (.*)/.exec(text) ?? [];
  return Date.parse(`${year}-${month}-${day}T${time}Z`) * 1_000;
}

/** The number of the events that the clocks showed in the window some weeks before. No clock changes near a window. */
function naive(metric: string, zone: string, end: number, minutes: number, weeks: number): number | null {
  const last = clockOf(zone, end) - weeks * 7 * DAY;
  const own = rows.filter((row) => {
    const shown = clockOf(zone, row.occurredAt);
    return row.name === "order" && shown >= last - minutes * MINUTE && shown < last;
  });
  return measure(metric, own);
}

describe("an alert on a number", () => {
  it("begins when a naive computation over the events says so", { timeout: 240_000 }, async () => {
    let reached = 0;
    let withUsual = 0;
    const property = fc.asyncProperty(
      fc.constantFrom("events", "sessions", "visitors", "sum:price", "avg:price", "p50:price"),
      fc.constantFrom(...ZONES),
      fc.integer({ min: -180, max: 0 }),
      fc.constantFrom(1, 15, 60, 150),
      fc.constantFrom("above", "below", "up", "down", "any"),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 40 }),
      async (metric, timezone, minute, minutes, kind, weeks, bound) => {
        const change = { change: bound / 40, weeks, at_least: 1, timezone };
        const threshold: NumberThreshold =
          kind === "above" || kind === "below"
            ? { metric, ...(kind === "above" ? { above: bound } : { below: bound }) }
            : { metric, ...change, direction: kind as "up" | "down" | "any" };
        const now = NOON + minute * MINUTE + 20_000_000;
        const end = NOON + minute * MINUTE - MINUTE;
        const value = naive(metric, timezone, end, minutes, 0);
        const before = Array.from({ length: weeks }, (_, week) => naive(metric, timezone, end, minutes, week + 1));
        // Weeks before the first number are left out.
        while (before.length > 0 && (before.at(-1) ?? 0) === 0) before.pop();
        const known = before.filter((number) => number !== null);
        const usual = known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0) / known.length;
        const isReached = () => {
          if (value === null) return false;
          if (kind === "above") return value > bound;
          if (kind === "below") return value < bound;
          if (usual === null || usual < 1) return false;
          const by = value / usual - 1;
          return (kind !== "down" && by >= change.change) || (kind !== "up" && -by >= change.change);
        };
        const rule = {
          ...{ event_name: "order", window_minutes: minutes, threshold },
          webhook: { url: "https://hooks.example.com", format: "json" as const },
        };
        const found = await measureNumber(databases, rule, threshold, now);
        expect(found.value).toEqual(value === null ? null : expect.closeTo(value, 9));
        if ("change" in threshold) {
          expect(found.usual).toEqual(usual === null ? null : expect.closeTo(usual, 9));
          withUsual += usual === null ? 0 : 1;
        }
        expect(reachesNumber(threshold, found)).toBe(isReached());
        reached += isReached() ? 1 : 0;
      },
    );
    await fc.assert(property, { numRuns: 200, seed: 3 });
    expect(reached).toBeGreaterThan(40);
    expect(withUsual).toBeGreaterThan(80);
  });

  it("is compared with the same time of day, which is an hour earlier or later where clocks have changed", async () => {
    const threshold: NumberThreshold = {
      ...{ metric: "events", change: 0.5, weeks: 4, at_least: 1, direction: "any" },
    };
    const rule = {
      window_minutes: 60,
      threshold,
      webhook: { url: "https://hooks.example.com", format: "json" as const },
    };
    const usualIn = async (timezone: string) =>
      (await measureNumber(databases, rule, { ...threshold, timezone }, NOON + MINUTE)).usual;
    const found = await Promise.all(["UTC", "Asia/Kolkata", "Europe/Berlin", "America/New_York"].map(usualIn));
    expect(found[1]).toBe(found[0]);
    expect(new Set(found).size).toBe(3);
  });
});
