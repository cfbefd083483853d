import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { previewOf } from "../../src/ingest/truncated-preview";
import { EventSchema, isJsonObject, utf8Bytes } from "../../src/model/event/event";

const EVENT = {
  session_id: "e2085be5-9137-4e4e-80b5-f1ffddc25423",
  category: "page interaction",
  name: "pageview",
  data: {},
  timestamp: "2021-01-01 09:15:27.243860",
  visitor_id: "visitor-7",
  context: {},
};

/** The codes and paths of the issues. Lengths in the messages may differ. */
function verdict(event: unknown): string[] {
  const result = v.safeParse(EventSchema, event);
  return result.success ? [] : result.issues.map((issue) => v.getDotPath(issue) ?? "").toSorted();
}

describe("previewOf", () => {
  it("keeps small values unchanged", () => {
    expect(previewOf(EVENT)).toEqual(EVENT);
    const others = { timestamp: 1_609_492_527.24386, visitor_id: null, context: null, id: "a" };
    expect(previewOf({ ...EVENT, ...others })).toEqual({ ...EVENT, ...others });
  });

  it("empties a large payload or context and keeps its type", () => {
    expect(previewOf({ ...EVENT, context: { text: "x".repeat(2_000) } })).toEqual(EVENT);
    expect(previewOf({ ...EVENT, data: { text: "x".repeat(2_000) } })).toEqual(EVENT);
    expect(previewOf({ ...EVENT, data: Array(600).fill(1) })).toEqual({ ...EVENT, data: [] });
  });

  it("cuts a long text, never within a character", () => {
    expect(previewOf({ name: "x".repeat(201) })).toEqual({ name: `${"x".repeat(200)}…` });
    expect(previewOf({ name: `${"x".repeat(199)}😀😀` })).toEqual({ name: `${"x".repeat(199)}…` });
  });

  it("keeps twenty members, with those that are validated first", () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`member ${i}`, i]));
    const preview = previewOf({ ...many, ...EVENT });
    expect(preview).toMatchObject(EVENT);
    expect(isJsonObject(preview) && Object.keys(preview)).toHaveLength(20);
  });

  it.each([
    [null, null],
    [5, 5],
    ["x".repeat(300), `${"x".repeat(200)}…`],
    [Array(600).fill(1), []],
  ])("previews an event that is not an object", (event, preview) => {
    expect(previewOf(event)).toEqual(preview);
  });

  it("is small and gets the event's verdict", () => {
    const moment = fc.constantFrom(1_609_492_527.24386, -1, `2021-01-01 09:15:27.${"1".repeat(300)}`, null);
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 600 }),
      fc.constantFrom(...Object.values(EVENT)),
      moment,
    );
    const value = fc.oneof(
      text,
      fc.jsonValue(),
      fc.constant({ a: "x".repeat(3_000) }),
      fc.constant(Array(900).fill(0)),
    );
    const event = fc
      .record(
        {
          ...{ session_id: value, category: value, name: value, data: value, timestamp: value, id: value },
          ...{ visitor_id: value, context: value },
        },
        { requiredKeys: [] },
      )
      .chain((known) => fc.dictionary(fc.string({ maxLength: 100 }), value).map((others) => ({ ...others, ...known })));
    fc.assert(
      fc.property(fc.oneof(event, value), (candidate) => {
        const preview = previewOf(candidate);
        expect(verdict(preview)).toEqual(verdict(candidate));
        expect(utf8Bytes(JSON.stringify(preview))).toBeLessThan(35_000);
      }),
    );
  });
});
