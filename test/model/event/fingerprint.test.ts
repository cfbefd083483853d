import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorId, fingerprint } from "../../../src/model/event/fingerprint";
import { OCCURRED_AT, SAMPLE_EVENTS } from "../../pipeline/sample-events";

const sample = SAMPLE_EVENTS[0];

/** The same value with the members of every object in reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reversed(member)]),
  );
}

/** Keys may be array indexes, whose order JavaScript decides, or __proto__. */
const anyData = fc.dictionary(fc.string(), fc.jsonValue());

describe("fingerprint", () => {
  it("does not depend on the order of members", () => {
    fc.assert(
      fc.property(anyData, (data) => {
        expect(fingerprint(reversed({ ...sample, data }))).toBe(fingerprint({ ...sample, data }));
      }),
    );
  });

  it("is the same for every form of the same timestamp", () => {
    const forms = [
      "2021-01-01 09:15:27.243860",
      "2021-01-01T09:15:27.24386Z",
      "2021-01-01T11:15:27.243860+02:00",
      1_609_492_527.24386,
      OCCURRED_AT,
    ];
    expect(new Set(forms.map((timestamp) => fingerprint({ ...sample, timestamp }))).size).toBe(1);
  });

  it("ignores the session, the id and unknown members", () => {
    expect(fingerprint({ ...sample, id: "a", session_id: "other", sent_at: 7 })).toBe(fingerprint(sample));
  });

  it("differs if any part of the content differs", () => {
    fc.assert(
      fc.property(anyData, anyData, (a, b) => {
        const isSame = JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));
        expect(fingerprint({ ...sample, data: a }) === fingerprint({ ...sample, data: b })).toBe(isSame);
      }),
    );
    const others = [
      { ...sample, category: "other" },
      { ...sample, name: "other" },
      { ...sample, category: sample.name, name: sample.category },
      { ...sample, timestamp: "2021-01-01 09:15:27.243861" },
      { ...sample, timestamp: "not a date" },
      { ...sample, timestamp: OCCURRED_AT + 2 },
      { ...sample, timestamp: -1 },
      { ...sample, data: null },
      { ...sample, data: [] },
      { ...sample, data: { ...sample.data, path: ["/"] } },
      JSON.parse(JSON.stringify({ ...sample, data: {} }).replace('"data":{}', '"data":{"__proto__":{"a":1}}')),
      null,
      7,
      "text",
      [],
    ];
    expect(new Set([sample, ...others].map(fingerprint)).size).toBe(others.length + 1);
  });

  it.each([400, 5_000, 400_000])("is stable and distinct for a payload nested %i levels deep", (levels) => {
    const nested = (heart: string): unknown => JSON.parse(`${"[".repeat(levels)}${heart}${"]".repeat(levels)}`);
    expect(fingerprint({ ...sample, data: { deep: nested("1") } })).toBe(
      fingerprint({ ...sample, data: { deep: nested("1") } }),
    );
    expect(fingerprint({ ...sample, data: { deep: nested("1") } })).not.toBe(
      fingerprint({ ...sample, data: { deep: nested("2") } }),
    );
    expect(fingerprint(nested("1"))).not.toBe(fingerprint(nested("2")));
  });
});

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? 0 : value;
  return Object.entries(value)
    .map(([name, member]) => [name, canonical(member)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

describe("errorId", () => {
  it("has the form of a UUID and is the same for the same event", () => {
    expect(errorId("session", "event", "content")).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(errorId("session", "event", "content")).toBe(errorId("session", "event", "content"));
  });

  it("differs if the session, the id or the content differs, and keeps them separate", () => {
    const ids = [
      errorId("a", "b", "c"),
      errorId(null, "b", "c"),
      errorId("null", "b", "c"),
      errorId("ab", "", "c"),
      errorId("", "ab", "c"),
      errorId("a", "bc", ""),
      errorId('a","b', "", "c"),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});
