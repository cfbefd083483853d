import { describe, expect, it } from "vitest";
import { END, EVENTS_PER_ERROR, errorAt, eventAt, planHistory } from "../../../bench/queries/history.ts";
import { ACTIVITY_SLOT_MICROS } from "../../../src/model/limits";
import type { EventRow } from "../../../src/storage/rows";

const history = planHistory(20_000, 7);
const events = Array.from({ length: history.events }, (_, place) => eventAt(history, place));

describe("planHistory", () => {
  it("gives the same rows for the same seed, and others for another", () => {
    const again = planHistory(20_000, 7);
    const other = planHistory(20_000, 8);
    const places = [0, 9_999, 19_999];
    expect(places.map((place) => eventAt(again, place))).toEqual(places.map((place) => events[place]));
    expect(eventAt(other, 9_999)).not.toEqual(events[9_999]);
  });

  it("has events in the order of time, all within its range, most of them in its busy end", () => {
    const times = events.map(({ occurredAt }) => occurredAt);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.every((at) => at >= history.start && at < END)).toBe(true);
    expect(times.filter((at) => at >= history.busyFrom).length).toBeGreaterThan(0.6 * times.length);
  });

  it("numbers a session's events from one without a gap, in the order of time, and opens each quarter of an hour once", () => {
    for (const own of Map.groupBy(events, ({ session }) => session).values()) {
      const inOrder = own.toSorted((a, b) => a.sequence - b.sequence);
      expect(inOrder.map(({ sequence }) => sequence)).toEqual(inOrder.map((_, index) => index + 1));
      expect(isAscending(inOrder)).toBe(true);
      const slots = Map.groupBy(inOrder, ({ occurredAt }) => Math.floor(occurredAt / ACTIVITY_SLOT_MICROS));
      for (const slot of slots.values()) expect(slot.map(({ opens }) => opens)).toEqual(slot.map((_, n) => n === 0));
    }
  });

  it("has one huge session, many small ones, and shares of categories as they should be", () => {
    const sizes = [...Map.groupBy(events, ({ session }) => session).values()].map(({ length }) => length);
    expect(Math.max(...sizes)).toBe(history.largest[0]?.events);
    expect(Math.max(...sizes)).toBeGreaterThan(500);
    expect(sizes.filter((size) => size <= 20).length).toBeGreaterThan(0.9 * sizes.length);
    const common = events.filter(({ category }) => category === "page interaction").length / events.length;
    expect(common).toBeCloseTo(0.5, 1);
  });
});

describe("errorAt", () => {
  it("gives each its own id and at least one issue", () => {
    const errors = Array.from({ length: history.events / EVENTS_PER_ERROR }, (_, error) => errorAt(history, error));
    expect(new Set(errors.map(({ id }) => id)).size).toBe(errors.length);
    expect(errors.every(({ issues }) => issues.length > 0)).toBe(true);
  });
});

function isAscending(rows: EventRow[]): boolean {
  return rows.every(({ occurredAt, receivedAt }, index) => {
    const before = rows[index - 1];
    return before === undefined || before.occurredAt < occurredAt || before.receivedAt < receivedAt;
  });
}
