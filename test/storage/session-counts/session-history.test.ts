import { describe, expect, it } from "vitest";
import { earlierThan, historyIn, historyOf, MAX_EARLIER } from "../../../src/storage/session-counts/session-history";

/** The events of a window of the session `s`. */
const eventsIn = (window: number, application = "shop", events = 1) => ({
  ...{ session: "s", window, application, events },
  first: window * 900_000_000 + 3,
  last: window * 900_000_000 + 5,
});
const windowAt = (window: number) => ({ window, events: 1, first: 0, last: window * 900_000_000 });

describe("historyOf", () => {
  it("has the windows in order, and is complete if there are not too many", () => {
    expect(historyOf([7, 2, 5])).toEqual({ windows: [2, 5, 7], completeFrom: 0, events: [] });
  });

  it("keeps the newest of too many windows, and is complete from the first of these on", () => {
    const found = Array.from({ length: MAX_EARLIER + 1 }, (_, n) => 100 + n);
    expect(historyOf(found)).toMatchObject({ windows: found.slice(1), completeFrom: 101 });
    expect(historyOf(found.slice(1))).toMatchObject({ windows: found.slice(1), completeFrom: 0 });
  });
});

describe("historyIn", () => {
  const all = { ...historyOf([1, 2, 3]), events: [eventsIn(1, "blog"), eventsIn(2), eventsIn(2, "blog"), eventsIn(3)] };

  it("has the windows in which the applications had events", () => {
    expect(historyIn(all, ["shop"])).toEqual({ windows: [2, 3], completeFrom: 0, events: [eventsIn(2), eventsIn(3)] });
    expect(historyIn(all, ["blog"]).windows).toEqual([1, 2]);
    expect(historyIn(all, ["other"]).windows).toEqual([]);
  });

  it("is complete only from the first window on whose events are known", () => {
    expect(historyIn({ ...all, events: [eventsIn(2), eventsIn(3)] }, ["shop"]).completeFrom).toBe(2);
    const gap = historyIn({ ...all, events: [eventsIn(1), eventsIn(3)] }, ["shop"]);
    expect(gap).toMatchObject({ windows: [3], completeFrom: 3 });
  });
});

describe("earlierThan", () => {
  const later = { ...eventsIn(4, "shop", 2), first: 4 * 900_000_000 + 4 };
  const history = { ...historyOf([1, 4]), events: [eventsIn(1), later, eventsIn(4, "blog", 3)] };
  const firstsIn = (...windows: number[]) => new Map(windows.map((window) => [window, eventsIn(window).first]));

  it("gives the first of the counted windows the last one of the history, with all of its events", () => {
    expect(earlierThan(history, [windowAt(6), windowAt(7)], 0)).toEqual({
      ...{ previous: { window: 4, events: 5, last: 4 * 900_000_000 + 5 }, before: [1], completeFrom: 0 },
      firsts: firstsIn(1, 4),
    });
  });

  it("gives later ones the counted window before them", () => {
    const counted = [windowAt(6), windowAt(7), windowAt(9)];
    expect(earlierThan(history, counted, 2)).toEqual({
      ...{ previous: counted[1], before: [1, 4, 6], completeFrom: 0 },
      firsts: new Map([...firstsIn(1, 4), [6, 0], [7, 0]]),
    });
  });

  it("gives a session without history nothing", () => {
    const none = { previous: null, before: [], completeFrom: 0, firsts: new Map() };
    expect(earlierThan(historyOf([]), [windowAt(6)], 0)).toEqual(none);
  });

  it("is complete only after a window whose events are gone", () => {
    const erased = { ...history, events: [eventsIn(1)] };
    const none = { previous: null, before: [], completeFrom: 5, firsts: firstsIn(1) };
    expect(earlierThan(erased, [windowAt(6)], 0)).toEqual(none);
  });
});
