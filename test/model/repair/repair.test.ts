import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { MAX_REPAIR_BYTES, type Repair, RepairSchema, repairEvent } from "../../../src/model/repair/repair";
import { EVENT, RECEIVED_AT } from "./fixed-event";

describe("the time of receipt", () => {
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
    // A repair that was stored before such paths were refused cannot change it either.
    const applied = repairEvent(JSON.stringify(EVENT), repair as Repair, RECEIVED_AT);
    if (applied.applies) expect(applied.event).toEqual(EVENT);
  });

  it("reserves no other name", () => {
    expect(v.is(RepairSchema, { edits: [{ op: "set", path: "/received_at_2", value: 1 }] })).toBe(true);
    expect(v.is(RepairSchema, { edits: [{ op: "set", path: "/data/received_at", value: 1 }] })).toBe(true);
  });
});

it("a repair that is too large or nested too deeply is refused", () => {
  const deep = JSON.parse(`${"[".repeat(5_000)}${"]".repeat(5_000)}`);
  const messageOf = (value: unknown) =>
    v.safeParse(RepairSchema, { edits: [{ op: "set", path: "/data", value }] }).issues?.[0].message;
  expect(messageOf(deep)).toBe("expected at most 64 levels of nesting");
  expect(messageOf("x".repeat(MAX_REPAIR_BYTES))).toBe(`expected at most ${MAX_REPAIR_BYTES} bytes`);
  expect(messageOf("x")).toBeUndefined();
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
  [{ edits: [{ op: "remove", path: "/a", value: 1 }] }, "edits.0.value: is unknown"],
  [{ edits: [{ op: "cast", path: "/a", type: "date" }] }, "edits.0.type: expected string, number,"],
  [{ edits: [{ op: "remove", path: "/a" }], patch: [{ op: "remove", path: "/a" }] }, "expected either patch or edits"],
  [{ edits: Array(51).fill({ op: "remove", path: "/a" }) }, "expected at most 50 operations"],
])("is refused with a reason: %j", (repair, reason) => {
  const result = v.safeParse(RepairSchema, repair);
  expect(result.issues?.map(({ message }) => message).join()).toContain(reason);
});
