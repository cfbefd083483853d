import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CAST_TYPES } from "../../../src/model/repair/cast";
import { EventDocument, MAX_REPAIR_WORK, MAX_WRITTEN_BYTES } from "../../../src/model/repair/event-document";
import { type Repair, repairEvent } from "../../../src/model/repair/repair";
import { edit, fixed, RECEIVED_AT } from "./fixed-event";

describe("a document", () => {
  const document = () => new EventDocument({ data: { list: [1, 2], text: "t" } }, RECEIVED_AT);

  it.each<[string, unknown]>([
    ["", { data: { list: [1, 2], text: "t" } }],
    ["/data/list/1", 2],
    ["/data/list/-", undefined],
    ["/data/list/01", undefined],
    ["/data/text/0", undefined],
    ["/received_at", "2021-01-01T10:00:00.500000Z"],
  ])("reads %j", (path, expected) => {
    expect(document().read(path)).toEqual(expected);
  });

  it("copies values, so that two members never share an object", () => {
    const changed = document();
    changed.add("/copy", changed.read("/data"));
    changed.replace("/copy/text", "other");
    expect(changed.read("/data/text")).toBe("t");
  });

  it("never moves a value into itself, and moves it to its own place without change", () => {
    expect(() => document().move("/data", "/data/list")).toThrow("cannot be moved into itself");
    const same = document();
    same.move("/data", "/data");
    expect(same.event).toEqual(document().event);
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
  ])("refuses to write a member of an array: %j", (repair) => {
    expect(reasonOf(repair)).toContain('an array needs an index or "-"');
  });

  it.each<[Repair]>([
    [{ patch: [{ op: "replace", path: "/data/x/length", value: 4_294_967_295 }] }],
    [{ patch: [{ op: "remove", path: "/data/x/length" }] }],
    [{ patch: [{ op: "add", path: "/data/x/101", value: 0 }] }],
    [{ patch: [{ op: "replace", path: "/data/x/4294967295", value: 0 }] }],
    [{ patch: [{ op: "test", path: "/data/x/length", value: 100 }] }],
  ])("finds only the items of an array: %j", (repair) => {
    expect(reasonOf(repair)).not.toBeNull();
  });

  it("stops at the operation that writes too much", () => {
    const copies = Array.from({ length: 24 }, (_, n) => ({ op: "copy" as const, from: "/data", path: `/data/k${n}` }));
    const reason = `it writes more than ${MAX_WRITTEN_BYTES} bytes`;
    expect(reasonOf({ patch: copies })).toBe(reason);
    expect(reasonOf({ edits: copies })).toBe(reason);
    expect(reasonOf({ patch: [...copies, { op: "remove", path: "/data" }] })).toBe(reason);
  });

  it("stops at the operation that nests too deeply", () => {
    const levels = Array.from({ length: 7 }, () => ({ op: "copy" as const, from: "/a", path: `/a${"/a".repeat(60)}` }));
    const deep = JSON.parse(`${'{"a":'.repeat(60)}{}${"}".repeat(60)}`);
    expect(reasonOf({ patch: levels }, deep)).toBe("it nests deeper than 64 levels");
    const down = { op: "move" as const, from: "/b", path: "/a/a/a/a/a/a" };
    expect(reasonOf({ patch: [down] }, { b: deep, a: deep })).toBe("it nests deeper than 64 levels");
  });

  it("stops at too much work even if it writes little", () => {
    const numbers = Array(60_000).fill(0);
    const test = { op: "test" as const, path: "/data", value: numbers };
    expect(reasonOf({ patch: Array(50).fill(test) }, { data: numbers })).toBe("it takes too much work");
  });

  it("may remove the excess of an oversized event", () => {
    const large = { data: { log: "x".repeat(500_000), keep: 1 } };
    expect(fixed(edit({ op: "remove", path: "/data/log" }), large)).toEqual({ data: { keep: 1 } });
    expect(fixed(edit({ op: "rename", path: "/data/log", to: "/log" }), large)).toMatchObject({ data: { keep: 1 } });
  });
});

describe("any repair of any event", () => {
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

  it("changes no prototype and returns JSON", () => {
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

  it("treats __proto__ and similar names as ordinary members", () => {
    const event = JSON.parse('{"data":{}}');
    for (const name of ["__proto__", "constructor", "prototype"]) {
      const path = `/data/${name}`;
      const repaired = fixed(edit({ op: "set", path, value: { polluted: true } }), event);
      expect(JSON.stringify(repaired)).toBe(`{"data":{"${name}":{"polluted":true}}}`);
      expect(fixed(edit({ op: "remove", path }), repaired)).toEqual({ data: {} });
      expect(fixed(edit({ op: "set", path: `${path}/polluted`, value: 1 }), event)).toEqual({ data: {} });
    }
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });
});
