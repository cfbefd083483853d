import fc from "fast-check";
import { applyPatch } from "rfc6902";
import { describe, expect, it } from "vitest";
import { type Repair, repairEvent } from "../../../src/model/repair/repair";
import { EVENT, fixed, RECEIVED_AT } from "./fixed-event";

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
    expect(fixed(repair, event)).toEqual(expected);
  });

  it.each<[Repair]>([
    [{ patch: [{ op: "remove", path: "/nothing" }] }],
    [{ patch: [{ op: "test", path: "/session_id", value: "secret" }] }],
    [{ patch: [{ op: "add", path: "/timestamp/deeper", value: 1 }] }],
  ])("that does not apply keeps the event and repeats nothing of it: %j", (repair) => {
    const result = repairEvent(JSON.stringify(EVENT), repair, RECEIVED_AT);
    expect(result.applies).toBe(false);
    expect(JSON.stringify(result)).not.toContain('"s"');
    expect(JSON.stringify(result)).not.toContain("secret");
  });
});

it("a patch gives the same result as the library rfc6902 where that follows RFC 6902", () => {
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
