import { describe, expect, it } from "vitest";
import { parseValueFilter } from "../../../../src/model/event/property-value";
import { ANY_EVENT } from "../../../../src/model/questions/event-pattern";
import type { SequenceQuestion } from "../../../../src/model/questions/question";
import type { SequenceEvent } from "../../../../src/model/questions/sequences/sequence-event";
import { answerOf, pathsToRead, withTally } from "../../../../src/model/questions/sequences/sequence-tally";

const ranged = { from: 0, to: 99, per: "session", applications: null } as const;
const withPath = (path: string, value: string) => ({
  ...ANY_EVENT,
  data: [{ path: [path], filter: parseValueFilter([value]) }],
});

const home = withPath("path", "/");
const blog = withPath("path", "/blog");

const funnel = {
  ...{ ...ranged, kind: "funnel", steps: [home, blog], within: null },
  groupBy: { kind: "property", path: ["plan"] },
} satisfies SequenceQuestion;
const paths = {
  ...{ ...ranged, kind: "paths", start: home, end: null, events: blog, depth: 2, top: 5 },
  by: { kind: "property", path: ["path"] },
} satisfies SequenceQuestion;
const retention = {
  ...{ ...ranged, kind: "retention", starts: [0, 50, 100], labels: ["first", "second"], columns: 2 },
  ...{ first: home, returning: blog },
} satisfies SequenceQuestion;
const numbers = {
  ...{ ...ranged, kind: "stats", metric: { kind: "sum", property: { name: "price", path: ["price"] } } },
  ...{ groupBy: [{ kind: "property", property: { name: "plan", path: ["plan"] } }], category: null, name: null },
  ...{
    properties: [],
    bounds: [0, 100],
    interval: "none",
    timezone: "UTC",
    top: 5,
    comparedBounds: null,
    templates: [],
  },
} satisfies SequenceQuestion;

function eventAt(occurredAt: number, data: Record<string, string | number>): SequenceEvent {
  return {
    occurredAt,
    source: { application: "shop", category: "page", name: "view" },
    visitor: null,
    valueAt: ([key = ""]) => (data[key] === undefined ? null : String(data[key])),
    numberAt: ([key = ""]) => (typeof data[key] === "number" ? data[key] : null),
  };
}

/** A session that goes from the start page to another one, to the blog, and there again later. */
const session = [
  eventAt(1, { path: "/", plan: "free", price: 2 }),
  eventAt(2, { path: "/about", plan: "paid" }),
  eventAt(3, { path: "/blog", plan: "paid", price: 3 }),
  eventAt(60, { path: "/blog" }),
];

/** Tallies sessions in two parts, whose states are joined as JSON, as those of a job's steps are. */
function answered(question: SequenceQuestion, sessions: readonly SequenceEvent[][]) {
  const parts = sessions.map((events) =>
    withTally(question, (tally) => {
      tally.add(events.flatMap((event) => tally.itemOf(event) ?? []));
      return tally.state;
    }),
  );
  const state = withTally(question, (tally) => {
    for (const part of parts) tally.addAll(JSON.parse(JSON.stringify(part)));
    return tally.state;
  });
  return answerOf(question, state, 1);
}

describe("a tally", () => {
  it("follows the steps of a funnel, grouped by the event of the first one", () => {
    expect(answered(funnel, [session, session.slice(0, 2)])).toMatchObject({
      steps: [{ count: 2 }, { count: 1 }],
      groups: [{ group: "free", steps: [{ count: 2 }, { count: 1 }] }],
    });
  });

  it("leaves events out of paths that match neither start, end nor events", () => {
    expect(answered(paths, [session, session])).toMatchObject({
      levels: [[{ key: "/", count: 2 }], [{ key: "/blog", count: 2 }], [{ key: "/blog", count: 2 }]],
    });
  });

  it("counts returns by period", () => {
    expect(answered(retention, [session, session.slice(0, 1)])).toMatchObject({
      cohorts: [
        { start: "first", size: 2, returned: [1, 1] },
        { start: "second", size: 0, returned: [0] },
      ],
    });
  });

  it("adds up numbers by group, and shows groups whose events have none", () => {
    expect(answered(numbers, [session])).toMatchObject({
      results: [
        { "data.plan": "paid", total: 3 },
        { "data.plan": "free", total: 2 },
        { "data.plan": null, total: 0 },
      ],
      total: { total: 5 },
    });
  });

  it.each<[string, SequenceQuestion, boolean[]]>([
    ["funnel", funnel, [true, false, true, true]],
    ["paths", paths, [true, false, true, true]],
    ["retention", retention, [true, false, true, true]],
    ["stats", numbers, [true, true, true, true]],
  ])("keeps only what a query needs of each event: %s", (_, question, expected) => {
    const kept = withTally(question, (tally) => session.map((event) => tally.itemOf(event) !== null));
    expect(kept).toEqual(expected);
  });

  it("refuses the state of another kind of query", () => {
    const questions = [funnel, paths, retention, numbers];
    for (const question of questions) {
      const state = withTally(question, (tally) => tally.state);
      for (const other of questions.filter((one) => one !== question)) {
        expect(() => withTally(other, (tally) => tally.addAll(state))).toThrow(TypeError);
        expect(() => answerOf(other, state, 1)).toThrow(TypeError);
      }
    }
  });
});

it.each<[string, SequenceQuestion, string[]]>([
  ["funnel", funnel, ["path", "plan"]],
  ["paths", paths, ["path"]],
  ["retention", retention, ["path"]],
  ["stats", numbers, ["plan", "price"]],
])("pathsToRead lists the properties of patterns, groups and metrics once: %s", (_, question, expected) => {
  expect(pathsToRead(question).map((path) => path.join("."))).toEqual(expected);
});
