import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TimeZone } from "../../../src/model/time/time-zone";

/** Zones that change at midnight, by half an hour, never, with offsets of quarters, and in the usual way. */
const ZONES = [
  "Europe/Berlin",
  "America/Sao_Paulo",
  "Australia/Lord_Howe",
  "Asia/Kathmandu",
  "America/New_York",
  "Asia/Beirut",
  "Pacific/Apia",
];

function zoneOf(name: string): TimeZone {
  const zone = TimeZone.find(name);
  if (zone === null) throw new Error(`Unknown zone ${name}.`);
  return zone;
}

describe("TimeZone", () => {
  it("accepts IANA names and offsets and refuses everything else", () => {
    expect(TimeZone.find("Asia/Kolkata")?.offsetAt(0)).toBe(5.5 * 3_600_000);
    expect(TimeZone.find("+05:30")?.offsetAt(0)).toBe(5.5 * 3_600_000);
    for (const name of ["Mars/Olympus", "", "Europe/", "Berlin; DROP TABLE"]) expect(TimeZone.find(name)).toBeNull();
  });

  it("stays right for more zones than are kept", () => {
    const hours = Array.from({ length: 24 }, (_, n) => n - 12);
    const nameOfOffset = (hour: number) => `${hour < 0 ? "-" : "+"}${String(Math.abs(hour)).padStart(2, "0")}:00`;
    for (const hour of [...hours, ...hours]) expect(zoneOf(nameOfOffset(hour)).offsetAt(0)).toBe(hour * 3_600_000);
    expect(TimeZone.find("UTC")?.offsetAt(0)).toBe(0);
  });

  it("formats times with the zone's offset at that time", () => {
    const berlin = zoneOf("Europe/Berlin");
    expect(berlin.formatMoment(Date.UTC(2015, 4, 17, 22) * 1_000)).toBe("2015-05-18T00:00:00+02:00");
    expect(berlin.formatMoment(Date.UTC(2015, 0, 17, 22) * 1_000 + 5)).toBe("2015-01-17T23:00:00.000005+01:00");
    expect(TimeZone.UTC.formatMoment(0)).toBe("1970-01-01T00:00:00+00:00");
    expect(zoneOf("America/New_York").formatMoment(Date.UTC(2021, 0, 1, 9) * 1_000)).toBe("2021-01-01T04:00:00-05:00");
  });

  it.each(ZONES)("finds the time of a local time in %s", (name) => {
    const zone = zoneOf(name);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(2030, 0) }), (millis) => {
        const local = zone.localOf(millis * 1_000);
        const moment = zone.momentOf(local);
        expect(zone.localOf(moment)).toBe(local);
        expect(moment).toBeLessThanOrEqual(millis * 1_000);
      }),
      { numRuns: 300 },
    );
  });

  it("uses the first of two times with the same local time, and the change for a local time that is skipped", () => {
    const berlin = zoneOf("Europe/Berlin");
    const show = (local: number) => new Date(berlin.momentOf(local) / 1_000).toISOString();
    expect(show(Date.UTC(2021, 9, 31, 2, 30))).toBe("2021-10-31T00:30:00.000Z");
    expect(show(Date.UTC(2021, 2, 28, 2, 30))).toBe("2021-03-28T01:00:00.000Z");
    // São Paulo skips midnight itself, and Samoa a whole day.
    const saoPaulo = zoneOf("America/Sao_Paulo");
    expect(saoPaulo.formatMoment(saoPaulo.momentOf(Date.UTC(2018, 10, 4)))).toBe("2018-11-04T01:00:00-02:00");
    const apia = zoneOf("Pacific/Apia");
    expect(apia.formatMoment(apia.momentOf(Date.UTC(2011, 11, 30)))).toBe("2011-12-31T00:00:00+14:00");
  });
});
