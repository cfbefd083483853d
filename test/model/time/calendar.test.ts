import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addLocal,
  bucketOf,
  bucketStarts,
  CALENDAR_INTERVALS,
  type CalendarInterval,
  comparedPeriod,
  laterBucket,
} from "../../../src/model/time/calendar";
import { TimeZone } from "../../../src/model/time/time-zone";

const ZONES = ["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"];

function zoneOf(name: string): TimeZone {
  const zone = TimeZone.find(name);
  if (zone === null) throw new Error(`Unknown zone ${name}.`);
  return zone;
}

/** The platform's own label for a time, computed independently of the code under test. */
function clockIn(zone: string, moment: number): Record<string, string> {
  const format = new Intl.DateTimeFormat("en-GB", {
    ...{ timeZone: zone, weekday: "short", year: "numeric", month: "2-digit", day: "2-digit" },
    ...{ hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  });
  return Object.fromEntries(format.formatToParts(moment / 1_000).map(({ type, value }) => [type, value]));
}

function labelIn(zone: string, moment: number, interval: CalendarInterval): string {
  const { year, month, day, hour, minute } = clockIn(zone, moment);
  if (interval === "month") return `${year}-${month}`;
  if (interval === "day") return `${year}-${month}-${day}`;
  if (interval === "hour") return `${year}-${month}-${day} ${hour}`;
  return `${year}-${month}-${day} ${hour}:${minute}`;
}

const anyMoment = fc.integer({ min: Date.UTC(2009, 0), max: Date.UTC(2022, 0) }).map((millis) => millis * 1_000 + 7);

describe("buckets", () => {
  it.each(ZONES)("of %s begin when the platform's local time changes its label", (name) => {
    const zone = zoneOf(name);
    const labelled = CALENDAR_INTERVALS.filter((interval) => interval !== "week");
    fc.assert(
      fc.property(anyMoment, fc.constantFrom(...labelled), (moment, interval) => {
        const start = bucketOf(moment, interval, zone);
        expect(start).toBeLessThanOrEqual(moment);
        expect(labelIn(name, start, interval)).toBe(labelIn(name, moment, interval));
        // An hour that the clocks show twice is two buckets, so the previous label may be the same.
        if (interval !== "hour") expect(labelIn(name, start - 1, interval)).not.toBe(labelIn(name, start, interval));
      }),
      { numRuns: 300 },
    );
  });

  it.each(ZONES)("of %s leave no gap, and weeks begin on Monday", (name) => {
    const zone = zoneOf(name);
    fc.assert(
      fc.property(anyMoment, fc.constantFrom(...CALENDAR_INTERVALS), (start, interval) => {
        const starts = bucketStarts({ start, end: start + 40 * 86_400_000_000 }, interval, zone, 60);
        for (const [place, moment] of starts.entries()) {
          expect(bucketOf(moment, interval, zone)).toBe(moment);
          const before = starts[place - 1];
          if (before !== undefined) expect(bucketOf(moment - 1, interval, zone)).toBe(before);
          if (interval === "week") expect(clockIn(name, moment).weekday).toBe("Mon");
        }
      }),
      { numRuns: 100 },
    );
  });

  it("have days of 23 and 25 hours", () => {
    const berlin = zoneOf("Europe/Berlin");
    const hours = (month: number, day: number) => {
      const start = berlin.momentOf(Date.UTC(2021, month, day));
      const end = berlin.momentOf(Date.UTC(2021, month, day + 1));
      return bucketStarts({ start, end }, "hour", berlin, 30).length;
    };
    expect([hours(2, 28), hours(5, 1), hours(9, 31)]).toEqual([23, 24, 25]);
  });

  it("end one after the requested maximum", () => {
    expect(bucketStarts({ start: 0, end: 1e15 }, "minute", TimeZone.UTC, 10)).toHaveLength(11);
  });
});

describe("laterBucket", () => {
  it("begins at midnight, even if the clocks skip the midnight of the day that it is counted from", () => {
    const zone = zoneOf("America/Sao_Paulo");
    // On this day, the clocks went from 23:59 to 01:00.
    const start = Date.parse("2018-11-04T03:00:00Z") * 1_000;
    expect(bucketOf(start + 1, "day", zone)).toBe(start);
    const days = [-1, 0, 1].map((count) => zone.formatMoment(laterBucket(start, "day", count, zone)));
    expect(days).toEqual(["2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"]);
  });
});

describe("comparedPeriod", () => {
  const berlin = zoneOf("Europe/Berlin");
  const at = (...date: [number, number, number?]) => berlin.momentOf(Date.UTC(...date));
  const show = ({ start, end }: { start: number; end: number }) =>
    [start, end].map((moment) => berlin.formatMoment(moment));

  it("goes back by the same number of calendar days", () => {
    const week = { start: at(2021, 2, 25), end: at(2021, 3, 2) };
    expect(show(comparedPeriod(week, "previous_period", berlin))).toEqual([
      "2021-03-17T00:00:00+01:00",
      "2021-03-25T00:00:00+01:00",
    ]);
  });

  it("goes back by months if the period consists of months", () => {
    const march = { start: at(2021, 2, 1), end: at(2021, 3, 1) };
    expect(show(comparedPeriod(march, "previous_period", berlin))).toEqual([
      "2021-02-01T00:00:00+01:00",
      "2021-03-01T00:00:00+01:00",
    ]);
  });

  it("goes back by the duration if the period begins within a day", () => {
    const hours = { start: at(2021, 2, 28) + 7, end: at(2021, 2, 28) + 7 + 3 * 3_600_000_000 };
    expect(comparedPeriod(hours, "previous_period", berlin)).toEqual({
      start: hours.start - 3 * 3_600_000_000,
      end: hours.start,
    });
  });

  it("goes back by a year to the microsecond, and from 29 to 28 February", () => {
    const leap = { start: at(2024, 1, 29) + 5, end: at(2024, 2, 1) };
    expect(show(comparedPeriod(leap, "previous_year", berlin))).toEqual([
      "2023-02-28T00:00:00.000005+01:00",
      "2023-03-01T00:00:00+01:00",
    ]);
  });

  it("counts months across a change of year", () => {
    expect(new Date(addLocal(Date.UTC(2021, 0, 31), "month", -2)).toISOString()).toBe("2020-11-30T00:00:00.000Z");
    expect(new Date(addLocal(Date.UTC(2020, 10, 30), "month", 3)).toISOString()).toBe("2021-02-28T00:00:00.000Z");
  });

  it.each([
    ["previous_period", "2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00"],
    ["previous_year", "2017-11-04T00:00:00-02:00", "2017-11-05T00:00:00-02:00"],
  ] as const)("of a day that begins at one o'clock, %s has a whole day", (comparison, start, end) => {
    const zone = zoneOf("America/Sao_Paulo");
    const day = {
      start: Date.parse("2018-11-04T03:00:00Z") * 1_000,
      end: Date.parse("2018-11-05T02:00:00Z") * 1_000,
    };
    const found = comparedPeriod(day, comparison, zone);
    expect([found.start, found.end].map((moment) => zone.formatMoment(moment))).toEqual([start, end]);
  });
});
