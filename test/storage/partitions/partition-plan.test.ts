import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_SLOT_MICROS, NARROW_SLOT_MICROS, WINDOW_MICROS } from "../../../src/storage/partitions/partition";
import {
  MAX_PLANNED_EVENTS,
  plannedSlot,
  plannedWidth,
  rangeFor,
} from "../../../src/storage/partitions/partition-plan";
import { DAY, HOUR, MORNING } from "../seed";

const anyWidth = fc.constantFrom(HOUR / 4, HOUR, 6 * HOUR, DAY, 7 * DAY, 28 * DAY);
const anyNow = fc.integer({ min: Date.UTC(2020, 0) * 1_000, max: Date.UTC(2030, 0) * 1_000 });

describe("the planned width", () => {
  it("keeps a partition below its limit of events for each database, unless an hour is already too wide", () => {
    fc.assert(
      fc.property(fc.nat({ max: 5_000_000_000 }), fc.integer({ min: 1, max: 12 }), (events, databases) => {
        const width = plannedWidth({ events, databases });
        const inPartition = ((events / 24) * width) / HOUR;
        if (width > HOUR) expect(inPartition).toBeLessThanOrEqual(MAX_PLANNED_EVENTS * databases);
        expect(width % WINDOW_MICROS).toBe(0);
      }),
    );
  });

  it.each([
    ["no traffic yet", 0, 1, DAY],
    ["one event a day", 1, 1, 28 * DAY],
    ["100 events a second", 8_640_000, 1, DAY],
    ["100 events a second in thirty databases", 8_640_000, 30, 28 * DAY],
    ["1,000 events a second", 86_400_000, 1, HOUR],
    ["more than an hour may hold", 8_640_000_000, 1, HOUR],
  ])("for %s", (_, events, databases, width) => {
    expect(plannedWidth({ events, databases })).toBe(width);
  });
});

it("slots are narrow from a thousand events a second in a database", () => {
  expect(plannedSlot({ events: 86_400_000, databases: 1 })).toBe(DEFAULT_SLOT_MICROS);
  expect(plannedSlot({ events: 86_400_001, databases: 1 })).toBe(NARROW_SLOT_MICROS);
  expect(plannedSlot({ events: 86_400_001, databases: 2 })).toBe(DEFAULT_SLOT_MICROS);
});

describe("the range for a time", () => {
  it("covers the time, and starts and ends at multiples of 15 minutes", () => {
    fc.assert(
      fc.property(anyNow, anyWidth, fc.double({ min: 0, max: 1.001, noNaN: true }), (now, width, share) => {
        const moment = Math.floor(now * share);
        const { from, to } = rangeFor(moment, now, width);
        expect(from <= moment && moment < to).toBe(true);
        expect([from % WINDOW_MICROS, to % WINDOW_MICROS]).toEqual([0, 0]);
      }),
    );
  });

  it("has the planned width from the range of now on, and is a calendar year before it", () => {
    const now = MORNING + HOUR / 2;
    expect(rangeFor(now, now, HOUR)).toEqual({ from: MORNING, to: MORNING + HOUR });
    expect(rangeFor(MORNING, now, HOUR)).toEqual({ from: MORNING, to: MORNING + HOUR });
    expect(rangeFor(now + HOUR, now, HOUR)).toEqual({ from: MORNING + HOUR, to: MORNING + 2 * HOUR });
    const year = Date.UTC(2021, 0) * 1_000;
    expect(rangeFor(MORNING - 1, now, HOUR)).toEqual({ from: year, to: MORNING });
    expect(rangeFor(year - 1, now, HOUR)).toEqual({ from: Date.UTC(2020, 0) * 1_000, to: year });
    expect(rangeFor(0, now, HOUR)).toEqual({ from: 0, to: Date.UTC(1971, 0) * 1_000 });
  });
});
