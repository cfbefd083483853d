import { describe, expect, it } from "vitest";
import type { SessionsQuestion } from "../../../../src/model/questions/question";
import type { SequenceEvent } from "../../../../src/model/questions/sequences/sequence-event";
import type { SessionSums } from "../../../../src/model/questions/sessions/session-sums";
import {
  type SessionItem,
  type SessionsState,
  SessionsTally,
  sessionItemOf,
} from "../../../../src/model/questions/sessions/sessions-tally";
import { estimateVisitors } from "../../../../src/model/questions/sessions/visitor-sample";

const SECOND = 1_000_000;
const HOUR = 3_600 * SECOND;

const QUESTION: SessionsQuestion = {
  ...{ kind: "session_stats", from: 0, to: 3 * HOUR - 1, per: "session", applications: null },
  ...{ category: null, name: null, properties: [], templates: [] },
  ...{ groupBy: null, bounds: [0, HOUR, 2 * HOUR, 3 * HOUR], interval: "hour", timezone: "UTC", top: 10 },
};

const BY_ENTRY: SessionsQuestion = {
  ...QUESTION,
  groupBy: { edge: "entry", by: { name: "path", path: ["path"] } },
};

function item(occurredAt: number, changes: Partial<SessionItem> = {}): SessionItem {
  return { application: "shop", category: "page", name: "view", text: null, occurredAt, visitor: null, ...changes };
}

/** The sums without the bins. */
const numbersIn = ({ sessions, bounces, events, seconds }: SessionSums) => ({ sessions, bounces, events, seconds });

const stored = (state: SessionsState): SessionsState => JSON.parse(JSON.stringify(state));

describe("a tally of sessions", () => {
  it("counts each session in the bucket of its first event", () => {
    const tally = new SessionsTally(QUESTION);
    tally.add([item(HOUR - SECOND), item(HOUR + SECOND), item(HOUR + 9 * SECOND)]);
    tally.add([item(2 * HOUR)]);
    tally.add([]);
    const { all, sessionGroups, foldedGroups } = tally.state;
    expect(numbersIn(all.total)).toEqual({ sessions: 2, bounces: 1, events: 4, seconds: 10 });
    expect(all.byPlace.map(([place, sums]) => [place, numbersIn(sums)])).toEqual([
      [0, { sessions: 1, bounces: 0, events: 3, seconds: 10 }],
      [2, { sessions: 1, bounces: 1, events: 1, seconds: 0 }],
    ]);
    expect([sessionGroups, foldedGroups]).toEqual([[], 0]);
  });

  it("counts a session in its group too", () => {
    const tally = new SessionsTally(BY_ENTRY);
    tally.add([item(0, { text: "/" }), item(SECOND, { text: "/cart" })]);
    tally.add([item(0, { text: "/cart" })]);
    tally.add([item(HOUR, { text: "/" })]);
    const { all, sessionGroups } = tally.state;
    expect(numbersIn(all.total)).toEqual({ sessions: 3, bounces: 2, events: 4, seconds: 1 });
    expect(sessionGroups.map(([key, { total }]) => [key, total.sessions])).toEqual([
      ['["/"]', 2],
      ['["/cart"]', 1],
    ]);
  });

  it("counts the visitors of all events of a session, each once", () => {
    const tally = new SessionsTally(BY_ENTRY);
    tally.add([item(0, { text: "/" }), item(1, { visitor: "a" }), item(2, { visitor: "b" })]);
    tally.add([item(HOUR, { text: "/cart", visitor: "a" })]);
    const { visitors } = tally.state;
    const count = (isIn: (group: number, place: number) => boolean) => estimateVisitors(visitors, isIn).value;
    expect([count(() => true), count((group) => group === 0), count((group) => group === 1)]).toEqual([2, 2, 1]);
    expect(count((_, place) => place === 1)).toBe(1);
  });

  it("has percentiles by bucket for 60 buckets at most", () => {
    const withBuckets = (count: number) => {
      const bounds = Array.from({ length: count + 1 }, (_, n) => n * HOUR);
      const tally = new SessionsTally({ ...QUESTION, bounds });
      tally.add([item(0), item(SECOND)]);
      return tally.state.all;
    };
    expect(withBuckets(60).byPlace[0]?.[1].bins).not.toBeNull();
    expect(withBuckets(61).byPlace[0]?.[1].bins).toBeNull();
    expect(withBuckets(61).total.bins).not.toBeNull();
  });

  it("is the sum of its steps, in whatever order their groups come", () => {
    const sessions = Array.from({ length: 300 }, (_, n) => [
      item((n % 3) * HOUR, { text: `/${(n * 7) % 13}`, visitor: `visitor-${n % 40}` }),
      ...(n % 4 === 0 ? [] : [item((n % 3) * HOUR + n * SECOND)]),
    ]);
    const tallyOf = (some: readonly SessionItem[][]) => {
      const tally = new SessionsTally(BY_ENTRY);
      for (const session of some) tally.add(session);
      return tally;
    };
    const whole = tallyOf(sessions).state;
    const sum = new SessionsTally(BY_ENTRY);
    for (const step of [sessions.slice(200), sessions.slice(0, 120), sessions.slice(120, 200)]) {
      sum.addAll(stored(tallyOf(step).state));
    }
    const inOrder = ({ all, sessionGroups, foldedGroups }: SessionsState) => ({
      all: { total: all.total, byPlace: all.byPlace.toSorted(([a], [b]) => a - b) },
      groups: sessionGroups
        .map(([key, { total, byPlace }]) => ({ key, total, byPlace: byPlace.toSorted(([a], [b]) => a - b) }))
        .sort((a, b) => (a.key < b.key ? -1 : 1)),
      foldedGroups,
    });
    expect(inOrder(sum.state)).toEqual(inOrder(whole));
    for (const [number, [key]] of whole.sessionGroups.entries()) {
      const there = sum.state.sessionGroups.findIndex(([other]) => other === key);
      const count = ({ visitors }: SessionsState, own: number) =>
        estimateVisitors(visitors, (group) => group === own).value;
      expect(count(sum.state, there)).toBe(count(whole, number));
    }
  });

  it("adds up the smaller half of the groups if there are too many, and loses no session", () => {
    const tally = new SessionsTally(BY_ENTRY);
    // Each group takes 9 aggregates of 8,000: one for its bucket, and as many as 8 for its percentiles.
    for (let n = 0; n < 889; n++) {
      for (let times = 0; times < (n < 100 ? 2 : 1); times++) {
        tally.add([item(0, { text: `/${n}`, visitor: `visitor-${n}` })]);
      }
    }
    const { all, sessionGroups, folded, foldedGroups, visitors } = tally.state;
    expect(foldedGroups).toBe(444);
    expect(sessionGroups).toHaveLength(445);
    const kept = sessionGroups.reduce((sum, [, { total }]) => sum + total.sessions, 0);
    expect(kept + folded.total.sessions).toBe(989);
    expect(all.total.sessions).toBe(989);
    const keys = new Set(sessionGroups.map(([key]) => key));
    for (let n = 0; n < 100; n++) expect(keys).toContain(`["/${n}"]`);
    expect(estimateVisitors(visitors, () => true).value).toBe(889);
    expect(estimateVisitors(visitors, (group) => group === -1).value).toBe(444);
  });

  it("folds none while the groups fit", () => {
    const tally = new SessionsTally(BY_ENTRY);
    for (let n = 0; n < 888; n++) tally.add([item(0, { text: `/${n}` })]);
    expect(tally.state.foldedGroups).toBe(0);
  });
});

describe("the item of an event", () => {
  const event = (changes: Partial<SequenceEvent> = {}): SequenceEvent => ({
    occurredAt: 5,
    source: { application: "shop", category: "page", name: "view" },
    visitor: "v",
    valueAt: (path) => (path.join(".") === "path" ? "/cart/17" : null),
    numberAt: () => null,
    ...changes,
  });

  it("has what the question needs", () => {
    expect(sessionItemOf(QUESTION)(event())).toEqual(item(5, { visitor: "v" }));
    expect(sessionItemOf(BY_ENTRY)(event())).toEqual(item(5, { visitor: "v", text: "/cart/17" }));
  });

  it("is null if the event does not match", () => {
    expect(sessionItemOf({ ...QUESTION, category: "form" })(event())).toBeNull();
    expect(sessionItemOf({ ...QUESTION, name: "submit" })(event())).toBeNull();
    expect(sessionItemOf({ ...QUESTION, category: "page", name: "view" })(event())).not.toBeNull();
  });

  it("is null if a value does not match the filter of a property", () => {
    const filtered = (...texts: string[]) => {
      const filter = { any: texts.map((text) => ({ kind: "is" as const, text })), none: [] };
      return sessionItemOf({ ...QUESTION, properties: [{ property: { name: "path", path: ["path"] }, ...filter }] });
    };
    expect(filtered("/other")(event())).toBeNull();
    expect(filtered("/other", "/cart/17")(event())).not.toBeNull();
  });

  it("has the value under the template that the event type declares", () => {
    const templates = [{ category: "page", name: "view", path: "path", template: "/cart/:id" }];
    expect(sessionItemOf({ ...BY_ENTRY, templates })(event())?.text).toBe("/cart/:id");
  });
});
