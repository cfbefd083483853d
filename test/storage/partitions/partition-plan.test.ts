import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WINDOW_MICROS } from "../../../src/storage/partitions/partition";
import {
  hasOutgrownSlots,
  MAX_PLANNED_EVENTS,
  plannedSlot,
  plannedWidth,
  rangeFor,
} from "../../../src/storage/partitions/partition-plan";
import { DAY, HOUR, MINUTE, MORNING, SECOND } from "../seed";

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

describe("the planned width of slots", () => {
  it.each([
    [1 / 3_600, 60],
    [5, 60],
    [5.01, 20],
    [20, 20],
    [20.01, 4],
    [200, 4],
    [200.01, 2],
    [400, 2],
    [400.01, 1],
    [100_000, 1],
  ])("for %d events a second in one database is %d seconds", (perSecond, seconds) => {
    expect(plannedSlot({ perSecond, databases: 1 })).toBe(seconds * SECOND);
    expect(plannedSlot({ perSecond: 7 * perSecond, databases: 7 })).toBe(seconds * SECOND);
  });

  it("is 4 seconds if no traffic is known", () => {
    expect(plannedSlot({ perSecond: 0, databases: 2 })).toBe(4 * SECOND);
  });

  it("divides a minute, gives a window at most 900 slots, and keeps them below 800 events up to 800 a second", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1_200, noNaN: true }), (perSecond) => {
        const slot = plannedSlot({ perSecond, databases: 1 });
        expect(MINUTE % slot).toBe(0);
        expect(WINDOW_MICROS / slot).toBeLessThanOrEqual(900);
        expect((Math.min(perSecond, 800) * slot) / SECOND).toBeLessThanOrEqual(800);
      }),
    );
  });
});

describe("slots", () => {
  it.each([
    [60, 10, 40],
    [20, 40, 160],
    [4, 400, 1_600],
    [2, 800, 3_200],
  ])("of %d seconds are outgrown by more than %d events a second in one database", (seconds, most, inFour) => {
    const slotMicros = seconds * SECOND;
    expect(hasOutgrownSlots({ slotMicros, databases: [0] }, most)).toBe(false);
    expect(hasOutgrownSlots({ slotMicros, databases: [0] }, most + 0.01)).toBe(true);
    expect(hasOutgrownSlots({ slotMicros, databases: [0, 1, 2, 5] }, inFour)).toBe(false);
    expect(hasOutgrownSlots({ slotMicros, databases: [0, 1, 2, 5] }, inFour + 0.01)).toBe(true);
  });

  it("of any width are not outgrown without traffic, and those of a second by none", () => {
    for (const seconds of [60, 20, 4, 2, 1])
      expect(hasOutgrownSlots({ slotMicros: seconds * SECOND, databases: [0] }, 0)).toBe(false);
    expect(hasOutgrownSlots({ slotMicros: SECOND, databases: [0] }, 1_000_000)).toBe(false);
  });

  it("are narrower in the next partition if they are outgrown", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(60, 20, 4, 2, 1),
        fc.double({ min: 0, max: 2_000, noNaN: true }),
        (seconds, perSecond) => {
          const slotMicros = seconds * SECOND;
          fc.pre(hasOutgrownSlots({ slotMicros, databases: [0] }, perSecond));
          expect(plannedSlot({ perSecond, databases: 1 })).toBeLessThan(slotMicros);
        },
      ),
    );
  });
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
