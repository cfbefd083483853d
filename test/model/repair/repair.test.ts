import fc from "fast-check";
import { applyPatch } from "rfc6902";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { CAST_TYPES } from "../../../src/model/repair/cast";
import { MAX_REPAIR_WORK, MAX_WRITTEN_BYTES } from "../../../src/model/repair/event-document";
import { MAX_REPAIR_BYTES, type Repair, RepairSchema, repairEvent } from "../../../src/model/repair/repair";
import { parseTimestamp } from "../../../src/model/time";

const EVENT = {
  session_id: "s",
  data: { price: "12.50", items: [{ n: 1 }, { n: 2 }], "a/b": { "~": 1 } },
  timestamp: "t",
};

const RECEIVED_AT = parseTimestamp("2021-01-01T10:00:00.5Z") ?? 0;

function mended(repair: Repair, event: unknown = EVENT): unknown {
  const result = repairEvent(JSON.stringify(event), repair, RECEIVED_AT);
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
    expect(repairEvent(JSON.stringify({ data: "text" }), repair, RECEIVED_AT)).toMatchObject({ applies: false });
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
    const result = repairEvent(JSON.stringify(EVENT), repair, RECEIVED_AT);
    expect(result.applies).toBe(false);
    expect(JSON.stringify(result)).not.toContain('"s"');
    expect(JSON.stringify(result)).not.toContain("secret");
  });
});

describe("the moment of receipt", () => {
  const shift = edit({ op: "shift", path: "/timestamp", from: "/context/sent_at", to: "/received_at" });

  it.each<[Repair, unknown, unknown]>([
    [
      edit({ op: "copy", from: "/received_at", path: "/timestamp" }),
      { timestamp: "2099-01-01 00:00:00" },
      { timestamp: "2021-01-01T10:00:00.500000Z" },
    ],
    [
      edit({ op: "copy", from: "/context/page", path: "/data/page" }),
      { data: {}, context: { page: { url: "/" } } },
      { data: { page: { url: "/" } }, context: { page: { url: "/" } } },
    ],
    [edit({ op: "copy", from: "/context/page", path: "/data/page" }), { data: {} }, { data: {} }],
    [edit({ op: "copy", from: "/context", path: "/no/such/place" }), { context: {} }, { context: {} }],
    [
      { patch: [{ op: "copy", from: "/received_at", path: "/timestamp" }] },
      {},
      { timestamp: "2021-01-01T10:00:00.500000Z" },
    ],
    [
      { patch: [{ op: "copy", from: "/context/page", path: "/data/page" }] },
      { data: {}, context: { page: 1 } },
      { data: { page: 1 }, context: { page: 1 } },
    ],
    [{ patch: [{ op: "test", path: "/received_at", value: "2021-01-01T10:00:00.500000Z" }] }, { a: 1 }, { a: 1 }],
    // The visitor's clock is two hours and half a second ahead.
    [
      shift,
      { timestamp: "2021-01-01 11:15:27.243860", context: { sent_at: "2021-01-01T12:00:01Z" } },
      { timestamp: "2021-01-01T09:15:26.743860Z", context: { sent_at: "2021-01-01T12:00:01Z" } },
    ],
    // Every form that a timestamp may have: a number, its text, an HTTP date.
    [
      shift,
      { timestamp: 1_609_499_727_243, context: { sent_at: "1609502400.5" } },
      { timestamp: "2021-01-01T09:15:27.243000Z", context: { sent_at: "1609502400.5" } },
    ],
    [
      edit({ op: "shift", path: "/timestamp", from: "/a", to: "/b" }),
      { timestamp: "20210101T000000Z", a: "Fri, 01 Jan 2021 00:00:00 GMT", b: "2021-01-01T01:00:00+02:00" },
      { timestamp: "2020-12-31T23:00:00.000000Z", a: "Fri, 01 Jan 2021 00:00:00 GMT", b: "2021-01-01T01:00:00+02:00" },
    ],
    [shift, { timestamp: "2021-01-01 11:00:00" }, { timestamp: "2021-01-01 11:00:00" }],
    [shift, { timestamp: "noon", context: { sent_at: 1 } }, { timestamp: "noon", context: { sent_at: 1 } }],
    [shift, { timestamp: 5, context: { sent_at: "2021-02-01" } }, { timestamp: 5, context: { sent_at: "2021-02-01" } }],
    // Before 1970: no moment.
    [
      edit({ op: "shift", path: "/timestamp", from: "/received_at", to: "/context/sent_at" }),
      { timestamp: "1970-01-01 00:00:01", context: { sent_at: "2020-01-01 00:00:00" } },
      { timestamp: "1970-01-01 00:00:01", context: { sent_at: "2020-01-01 00:00:00" } },
    ],
  ])("is read, and moments are shifted: %j of %j", (repair, event, expected) => {
    expect(mended(repair, event)).toEqual(expected);
  });

  it.each([
    [{ edits: [{ op: "set", path: "/received_at", value: 1 }] }],
    [{ edits: [{ op: "rename", path: "/received_at", to: "/timestamp" }] }],
    [{ edits: [{ op: "copy", from: "/timestamp", path: "/received_at" }] }],
    [{ edits: [{ op: "shift", path: "/received_at", from: "/a", to: "/b" }] }],
    [{ patch: [{ op: "add", path: "/received_at", value: 1 }] }],
    [{ patch: [{ op: "move", from: "/received_at", path: "/timestamp" }] }],
    [{ patch: [{ op: "remove", path: "/received_at/x" }] }],
  ])("is never changed: %j", (repair) => {
    const result = v.safeParse(RepairSchema, repair);
    expect(result.issues?.map(({ message }) => message).join()).toContain("never changes when an event was received");
    // Nor by a repair that was stored before it was refused.
    const applied = repairEvent(JSON.stringify(EVENT), repair as Repair, RECEIVED_AT);
    if (applied.applies) expect(applied.event).toEqual(EVENT);
  });

  it("stands in the way of no other name", () => {
    expect(v.is(RepairSchema, { edits: [{ op: "set", path: "/received_at_2", value: 1 }] })).toBe(true);
    expect(v.is(RepairSchema, { edits: [{ op: "set", path: "/data/received_at", value: 1 }] })).toBe(true);
  });
});

describe("a repair that explodes", () => {
  const items = Array.from({ length: 100 }, (_, index) => `item ${index} of the list, with some text to it`);
  const reasonOf = (repair: Repair, event: unknown = { data: { x: items } }) => {
    const result = repairEvent(JSON.stringify(event), repair, RECEIVED_AT);
    expect(result.work).toBeLessThanOrEqual(MAX_REPAIR_WORK);
    return result.applies ? null : result.reason;
  };

  it.each<[Repair]>([
    [edit({ op: "set", path: "/data/x/length", value: 4_294_967_295 })],
    [edit({ op: "rename", path: "/data/x/0", to: "/data/x/length" })],
    [edit({ op: "copy", from: "/data/x/0", path: "/data/x/first" })],
    [{ patch: [{ op: "add", path: "/data/x/length", value: 0 }] }],
    [{ patch: [{ op: "move", from: "/data/x/0", path: "/data/x/01" }] }],
  ])("writes no member of an array: %j", (repair) => {
    expect(reasonOf(repair)).toContain('an array takes an index or "-"');
  });

  it.each<[Repair]>([
    [{ patch: [{ op: "replace", path: "/data/x/length", value: 4_294_967_295 }] }],
    [{ patch: [{ op: "remove", path: "/data/x/length" }] }],
    [{ patch: [{ op: "add", path: "/data/x/101", value: 0 }] }],
    [{ patch: [{ op: "replace", path: "/data/x/4294967295", value: 0 }] }],
    [{ patch: [{ op: "test", path: "/data/x/length", value: 100 }] }],
  ])("finds no member of an array but its items: %j", (repair) => {
    expect(reasonOf(repair)).not.toBeNull();
  });

  it("stops at the operation that writes too much", () => {
    const copies = Array.from({ length: 24 }, (_, n) => ({ op: "copy" as const, from: "/data", path: `/data/k${n}` }));
    const reason = `it writes more than ${MAX_WRITTEN_BYTES} bytes`;
    expect(reasonOf({ patch: copies })).toBe(reason);
    expect(reasonOf({ edits: copies })).toBe(reason);
    expect(reasonOf({ patch: [...copies, { op: "remove", path: "/data" }] })).toBe(reason);
  });

  it("stops at the operation that nests too deep", () => {
    const levels = Array.from({ length: 7 }, () => ({ op: "copy" as const, from: "/a", path: `/a${"/a".repeat(60)}` }));
    const deep = JSON.parse(`${'{"a":'.repeat(60)}{}${"}".repeat(60)}`);
    expect(reasonOf({ patch: levels }, deep)).toBe("it nests deeper than 64 levels");
    const down = { op: "move" as const, from: "/b", path: "/a/a/a/a/a/a" };
    expect(reasonOf({ patch: [down] }, { b: deep, a: deep })).toBe("it nests deeper than 64 levels");
  });

  it("stops where it takes too much work without writing much", () => {
    const numbers = Array(60_000).fill(0);
    const test = { op: "test" as const, path: "/data", value: numbers };
    expect(reasonOf({ patch: Array(50).fill(test) }, { data: numbers })).toBe("it takes too much work");
  });

  it("may take away what an event has too much of", () => {
    const large = { data: { log: "x".repeat(500_000), keep: 1 } };
    expect(mended(edit({ op: "remove", path: "/data/log" }), large)).toEqual({ data: { keep: 1 } });
    expect(mended(edit({ op: "rename", path: "/data/log", to: "/log" }), large)).toMatchObject({ data: { keep: 1 } });
  });

  it("does not get in", () => {
    const deep = JSON.parse(`${"[".repeat(5_000)}${"]".repeat(5_000)}`);
    const messageOf = (value: unknown) =>
      v.safeParse(RepairSchema, { edits: [{ op: "set", path: "/data", value }] }).issues?.[0].message;
    expect(messageOf(deep)).toBe("expected at most 64 levels of nesting");
    expect(messageOf("x".repeat(MAX_REPAIR_BYTES))).toBe(`expected at most ${MAX_REPAIR_BYTES} bytes`);
    expect(messageOf("x")).toBeUndefined();
  });
});

describe("whatever the event and the repair", () => {
  const path = fc
    .array(fc.constantFrom("a", "0", "-", "data", "__proto__", "constructor", "prototype", "~0"))
    .map((parts) => ["", ...parts, "a"].join("/"));
  const anyEdit = fc.oneof(
    fc.record({ op: fc.constant("set" as const), path, value: fc.jsonValue() }),
    fc.record({ op: fc.constant("rename" as const), path, to: path }),
    fc.record({ op: fc.constant("copy" as const), from: path, path }),
    fc.record({ op: fc.constant("shift" as const), path, from: path, to: path }),
    fc.record({ op: fc.constant("remove" as const), path }),
    fc.record({ op: fc.constant("cast" as const), path, type: fc.constantFrom(...CAST_TYPES) }),
  );

  it("changes no prototype, and leaves JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(anyEdit, { minLength: 1, maxLength: 4 }), (event, edits) => {
        const result = repairEvent(JSON.stringify(event), { edits }, RECEIVED_AT);
        expect(Object.keys(Object.prototype)).toEqual([]);
        expect(Reflect.get({}, "a")).toBeUndefined();
        if (!result.applies) return;
        const text = JSON.stringify(result.event);
        expect(JSON.stringify(JSON.parse(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it("__proto__ and the like are members as any other", () => {
    const event = JSON.parse('{"data":{}}');
    for (const name of ["__proto__", "constructor", "prototype"]) {
      const path = `/data/${name}`;
      const repaired = mended(edit({ op: "set", path, value: { polluted: true } }), event);
      expect(JSON.stringify(repaired)).toBe(`{"data":{"${name}":{"polluted":true}}}`);
      expect(mended(edit({ op: "remove", path }), repaired)).toEqual({ data: {} });
      expect(mended(edit({ op: "set", path: `${path}/polluted`, value: 1 }), event)).toEqual({ data: {} });
    }
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  it("a patch does what the library rfc6902 does, where that keeps to RFC 6902", () => {
    const place = fc.array(fc.constantFrom("a", "b", "0", "1", "-"), { maxLength: 3 });
    const anyPath = place.map((names) => names.map((name) => `/${name}`).join(""));
    const operation = fc.oneof(
      fc.record({ op: fc.constantFrom("add" as const, "replace" as const), path: anyPath, value: fc.jsonValue() }),
      fc.record({ op: fc.constant("test" as const), path: anyPath, value: fc.constantFrom(0, {}, null) }),
      fc.record({ op: fc.constant("remove" as const), path: anyPath }),
      fc.record({ op: fc.constantFrom("move" as const, "copy" as const), from: anyPath, path: anyPath }),
    );
    const value = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom(0, null, "x"),
        fc.array(tie("value"), { maxLength: 2 }),
        fc.dictionary(fc.constantFrom("a", "b", "0"), tie("value")),
      ),
    })).value;
    let applied = 0;
    fc.assert(
      fc.property(value, fc.array(operation, { minLength: 1, maxLength: 3 }), (event, patch) => {
        const result = repairEvent(JSON.stringify(event), { patch }, RECEIVED_AT);
        if (!result.applies) return;
        applied += 1;
        const holder = { event: structuredClone(event) };
        const within = patch.map((one) => ({
          ...one,
          path: `/event${one.path}`,
          ...("from" in one ? { from: `/event${one.from}` } : {}),
        }));
        expect(applyPatch(holder, within as Parameters<typeof applyPatch>[1])).toEqual(patch.map(() => null));
        expect(result.event).toEqual(holder.event);
      }),
      { seed: 12, numRuns: 5_000 },
    );
    expect(applied).toBeGreaterThan(200);
  });
});

it.each<[unknown, string]>([
  [{}, "expected either patch or edits"],
  [7, "expected either patch or edits"],
  [{ patch: [] }, "expected at least one operation"],
  [{ patch: [{ op: "set", path: "/a", value: 1 }] }, "patch.0.op: expected add, replace, test, remove, move or copy"],
  [{ edits: [{ op: "sett", path: "/a", value: 1 }] }, "edits.0.op: expected set, rename, copy, remove, cast or shift"],
  [{ edits: [{ op: "set", path: "", value: 1 }] }, "expected the path of a member"],
  [{ edits: [{ op: "set", path: "data", value: 1 }] }, "expected a JSON pointer"],
  [{ edits: [{ op: "set", path: "/data" }] }, "edits.0.value: is missing"],
  [{ edits: [{ op: "shift", path: "/timestamp", from: "/a" }] }, "edits.0.to: is missing"],
  [{ edits: [{ op: "remove", path: "/a", value: 1 }] }, "edits.0.value: is not known here"],
  [{ edits: [{ op: "cast", path: "/a", type: "date" }] }, "edits.0.type: expected string, number,"],
  [{ edits: [{ op: "remove", path: "/a" }], patch: [{ op: "remove", path: "/a" }] }, "expected either patch or edits"],
  [{ edits: Array(51).fill({ op: "remove", path: "/a" }) }, "expected at most 50 operations"],
])("is refused, and says why: %j", (repair, reason) => {
  const result = v.safeParse(RepairSchema, repair);
  expect(result.issues?.map(({ message }) => message).join()).toContain(reason);
});
