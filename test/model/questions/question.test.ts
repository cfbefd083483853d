import { expect, it } from "vitest";
import { parseValueFilter } from "../../../src/model/event/property-value";
import { ANY_EVENT } from "../../../src/model/questions/event-pattern";
import { patternsOf } from "../../../src/model/questions/question";

const ranged = { from: 0, to: 1, per: "session", applications: ["shop"] } as const;
const [a, b, c] = ["a", "b", "c"].map((name) => ({ ...ANY_EVENT, name }));
if (a === undefined || b === undefined || c === undefined) throw new Error("There are three patterns.");

it("a funnel reads the events of its steps", () => {
  const funnel = { ...ranged, kind: "funnel", steps: [a, b], within: null, groupBy: null } as const;
  expect(patternsOf(funnel)).toEqual([a, b]);
});

it("paths read their events, the start and the end, of which one may be missing", () => {
  const paths = { ...ranged, kind: "paths", events: a, by: { kind: "type" }, depth: 1, top: 1 } as const;
  expect(patternsOf({ ...paths, start: null, end: c })).toEqual([a, c]);
  expect(patternsOf({ ...paths, start: b, end: c })).toEqual([a, b, c]);
});

it("retention reads first events and returns", () => {
  const periods = { starts: [0, 2], labels: ["x"], columns: 1 };
  expect(patternsOf({ ...ranged, ...periods, kind: "retention", first: a, returning: b })).toEqual([a, b]);
});

it("numbers read one type of events with certain properties, of all visible applications", () => {
  const property = { name: "path", path: ["path"] };
  const shown = { bounds: [0, 2], interval: "none", timezone: "UTC", top: 1, templates: [], groupBy: [] };
  const metric = { kind: "events", property: null } as const;
  const filter = parseValueFilter(["/", "not:/a"]);
  const numbers = {
    ...ranged,
    ...shown,
    kind: "stats",
    metric,
    comparedBounds: null,
    category: "page",
    name: null,
  } as const;
  expect(patternsOf({ ...numbers, properties: [{ property, ...filter }] })).toEqual([
    { application: null, category: "page", name: null, data: [{ path: ["path"], filter }] },
  ]);
});
