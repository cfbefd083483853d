import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { CAST_TYPES, type Repair, RepairSchema, repairEvent } from "../../src/model/repair";

const EVENT = {
  session_id: "s",
  data: { price: "12.50", items: [{ n: 1 }, { n: 2 }], "a/b": { "~": 1 } },
  timestamp: "t",
};

function mended(repair: Repair, event: unknown = EVENT): unknown {
  const result = repairEvent(event, repair);
  if (!result.applies) throw new Error(result.reason);
  return result.event;
}

const edit = (...edits: Extract<Repair, { edits: unknown }>["edits"]): Repair => ({ edits });

describe("edits", () => {
  it.each<[Repair, unknown, unknown]>([
    [edit({ op: "set", path: "/data/price", value: 1 }), { data: { price: "x" } }, { data: { price: 1 } }],
    [edit({ op: "set", path: "/data/currency", value: "EUR" }), { data: {} }, { data: { currency: "EUR" } }],
    [edit({ op: "set", path: "/data/0", value: 9 }), { data: [1, 2] }, { data: [9, 2] }],
    [
      edit({ op: "set", path: "/data/items/1/n", value: 9 }),
      EVENT,
      { ...EVENT, data: { ...EVENT.data, items: [{ n: 1 }, { n: 9 }] } },
    ],
    [edit({ op: "rename", path: "/ts", to: "/timestamp" }), { ts: 1 }, { timestamp: 1 }],
    [edit({ op: "rename", path: "/ts", to: "/timestamp" }), { other: 1 }, { other: 1 }],
    [edit({ op: "remove", path: "/data/a~1b/~0" }), EVENT, { ...EVENT, data: { ...EVENT.data, "a/b": {} } }],
    [edit({ op: "remove", path: "/data/nothing/there" }), EVENT, EVENT],
    [edit({ op: "cast", path: "/p", type: "number" }), { p: " 12.50 " }, { p: 12.5 }],
    [edit({ op: "cast", path: "/p", type: "number" }), { p: "twelve" }, { p: "twelve" }],
    [edit({ op: "cast", path: "/p", type: "number" }), { p: "" }, { p: "" }],
    [edit({ op: "cast", path: "/p", type: "integer" }), { p: "12" }, { p: 12 }],
    [edit({ op: "cast", path: "/p", type: "integer" }), { p: "12.5" }, { p: "12.5" }],
    [edit({ op: "cast", path: "/p", type: "string" }), { p: 12.5 }, { p: "12.5" }],
    [edit({ op: "cast", path: "/p", type: "string" }), { p: { a: 1 } }, { p: { a: 1 } }],
    [edit({ op: "cast", path: "/p", type: "boolean" }), { p: "TRUE" }, { p: true }],
    [edit({ op: "cast", path: "/p", type: "boolean" }), { p: 0 }, { p: false }],
    [edit({ op: "cast", path: "/p", type: "timestamp" }), { p: 1_609_492_527 }, { p: "2021-01-01T09:15:27.000000Z" }],
    [edit({ op: "cast", path: "/p", type: "timestamp" }), { p: "1609492527243" }, { p: "2021-01-01T09:15:27.243000Z" }],
    [
      edit({ op: "cast", path: "/p", type: "timestamp" }),
      { p: 1_609_492_527_243_860 },
      { p: "2021-01-01T09:15:27.243860Z" },
    ],
    ...[
      [1_609_492_527.24386, "2021-01-01T09:15:27.243860Z"],
      ["1609492527.243860", "2021-01-01T09:15:27.243860Z"],
      ["1609492527243860", "2021-01-01T09:15:27.243860Z"],
      [" 2021-01-01 09:15:27.24386 ", "2021-01-01T09:15:27.243860Z"],
      ["2015-05-17T10:05:03.201712623Z", "2015-05-17T10:05:03.201712Z"],
      ["20260401T100000+0200", "2026-04-01T08:00:00.000000Z"],
      ["2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"],
      ["Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37.000000Z"],
      ["yesterday", "yesterday"],
      ["", ""],
      [-1, -1],
      [true, true],
    ].map(([from, to]): [Repair, unknown, unknown] => [
      edit({ op: "cast", path: "/p", type: "timestamp" }),
      { p: from },
      { p: to },
    ]),
    [edit({ op: "cast", path: "/p", type: "number" }), {}, {}],
  ])("%j", (repair, event, expected) => {
    expect(mended(repair, event)).toEqual(expected);
  });

  it("through what is no object do not apply", () => {
    const repair = edit({ op: "set", path: "/data/price", value: 1 });
    expect(repairEvent({ data: "text" }, repair)).toMatchObject({ applies: false });
  });
});

describe("a patch", () => {
  it.each<[Repair, unknown, unknown]>([
    [{ patch: [{ op: "replace", path: "", value: { whole: true } }] }, EVENT, { whole: true }],
    [
      { patch: [{ op: "add", path: "/data/items/-", value: 3 }] },
      { data: { items: [1] } },
      { data: { items: [1, 3] } },
    ],
    [{ patch: [{ op: "move", from: "/a", path: "/b/c" }] }, { a: 1, b: {} }, { b: { c: 1 } }],
    [
      {
        patch: [
          { op: "test", path: "/a", value: 1 },
          { op: "remove", path: "/a" },
        ],
      },
      { a: 1 },
      {},
    ],
  ])("%j", (repair, event, expected) => {
    expect(mended(repair, event)).toEqual(expected);
  });

  it.each<[Repair]>([
    [{ patch: [{ op: "remove", path: "/nothing" }] }],
    [{ patch: [{ op: "test", path: "/session_id", value: "secret" }] }],
    [{ patch: [{ op: "add", path: "/timestamp/deeper", value: 1 }] }],
  ])("that does not apply leaves the event alone and repeats nothing of it: %j", (repair) => {
    const result = repairEvent(EVENT, repair);
    expect(result.applies).toBe(false);
    expect(JSON.stringify(result)).not.toContain('"s"');
    expect(JSON.stringify(result)).not.toContain("secret");
  });
});

describe("whatever the event and the repair", () => {
  const path = fc
    .array(fc.constantFrom("a", "0", "-", "data", "__proto__", "constructor", "prototype", "~0"))
    .map((parts) => ["", ...parts, "a"].join("/"));
  const anyEdit = fc.oneof(
    fc.record({ op: fc.constant("set" as const), path, value: fc.jsonValue() }),
    fc.record({ op: fc.constant("rename" as const), path, to: path }),
    fc.record({ op: fc.constant("remove" as const), path }),
    fc.record({ op: fc.constant("cast" as const), path, type: fc.constantFrom(...CAST_TYPES) }),
  );

  it("changes neither the event that it was given nor any prototype, and leaves JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(anyEdit, { minLength: 1, maxLength: 4 }), (event, edits) => {
        const before = JSON.stringify(event);
        const result = repairEvent(event, { edits });
        expect(JSON.stringify(event)).toBe(before);
        expect(Object.keys(Object.prototype)).toEqual([]);
        expect(Reflect.get({}, "a")).toBeUndefined();
        if (result.applies) expect(JSON.parse(JSON.stringify(result.event))).toEqual(result.event);
      }),
      { numRuns: 500 },
    );
  });
});

it.each<[unknown]>([
  [{}],
  [{ patch: [] }],
  [{ patch: [{ op: "set", path: "/a", value: 1 }] }],
  [{ edits: [{ op: "set", path: "", value: 1 }] }],
  [{ edits: [{ op: "set", path: "data", value: 1 }] }],
  [{ edits: [{ op: "cast", path: "/a", type: "date" }] }],
  [{ edits: [{ op: "remove", path: "/a" }], patch: [{ op: "remove", path: "/a" }] }],
  [{ edits: Array(51).fill({ op: "remove", path: "/a" }) }],
])("is refused: %j", (repair) => {
  expect(v.is(RepairSchema, repair)).toBe(false);
});
