import { describe, expect, it } from "vitest";
import {
  EVENTS_PER_ERROR,
  errorAt,
  eventAt,
  type History,
  planHistory,
} from "../../../../bench/queries/data/history.ts";
import { END } from "../../../../bench/queries/data/layouts.ts";
import { tieOf } from "../../../../src/model/event/event-key";

const history = planHistory(20_000, "large", 7);
const events = eventsOf(history);

function eventsOf(of: History) {
  return Array.from({ length: of.events }, (_, place) => eventAt(of, place));
}

describe("planHistory", () => {
  it("generates the same rows for the same seed, and different rows for another", () => {
    const again = planHistory(20_000, "large", 7);
    const other = planHistory(20_000, "large", 8);
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

  it("gives each event a unique identity, with the tie that the pipeline would compute", () => {
    const identities = events.map(({ session, occurredAt, tie }) => `${session} ${occurredAt} ${tie}`);
    expect(new Set(identities).size).toBe(events.length);
    expect(events.slice(0, 100).map(({ tie }) => tie)).toEqual(events.slice(0, 100).map(({ id }) => tieOf(id)));
  });

  it("has one huge session, many small ones, and the intended shares of categories", () => {
    const sizes = [...Map.groupBy(events, ({ session }) => session).values()].map(({ length }) => length);
    expect(Math.max(...sizes)).toBe(history.largest[0]?.events);
    expect(Math.max(...sizes)).toBeGreaterThan(500);
    expect(sizes.filter((size) => size <= 20).length).toBeGreaterThan(0.9 * sizes.length);
    const common = events.filter(({ category }) => category === "page interaction").length / events.length;
    expect(common).toBeCloseTo(0.5, 1);
  });

  it("has the same first session in a larger history, at the same distance from a partition", () => {
    const timesIn = (of: History) => {
      const split = of.partitions[1]?.to ?? END;
      return [...of.occurredAt].filter((_, place) => of.session[place] === 0).map((at) => at - split);
    };
    const times = timesIn(planHistory(1_000_000));
    expect(times.length).toBeGreaterThan(20_000);
    expect(timesIn(planHistory(1_300_000))).toEqual(times);
  });

  it("can be divided into 400 small partitions, with a session that has events in each", () => {
    const small = planHistory(44_000, "small");
    const rows = eventsOf(small);
    expect(rows.map(({ occurredAt }) => occurredAt)).toEqual([...small.occurredAt].toSorted((a, b) => a - b));
    const returning = rows.filter((_, place) => small.session[place] === small.returning);
    const holds = ({ from, to }: { from: number; to: number }) =>
      returning.some(({ occurredAt }) => occurredAt >= from && occurredAt < to);
    expect(small.partitions.every(holds)).toBe(true);
    expect(new Set(returning.map(({ session }) => session)).size).toBe(1);
    expect(rows[0]?.occurredAt).toBeGreaterThanOrEqual(small.partitions[0]?.from ?? END);
  });
});

describe("errorAt", () => {
  it("gives each error a unique id and at least one issue", () => {
    const errors = Array.from({ length: history.events / EVENTS_PER_ERROR }, (_, error) => errorAt(history, error));
    expect(new Set(errors.map(({ id }) => id)).size).toBe(errors.length);
    expect(errors.every(({ issues }) => issues.length > 0)).toBe(true);
  });
});
