import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { decodeCursor, encodeCursor, questionFingerprint } from "../../src/model/cursor";

const PlaceSchema = v.strictTuple([v.number(), v.string()]);

describe("cursors", () => {
  it("decode to the position that was encoded, whatever text it contains", () => {
    fc.assert(
      fc.property(fc.tuple(fc.maxSafeInteger(), fc.string({ unit: "grapheme" })), (place) => {
        const text = encodeCursor("abc", place);
        expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(decodeCursor(text, "abc", PlaceSchema)).toEqual({ ok: true, at: place });
      }),
    );
  });

  it("are refused for another query", () => {
    const text = encodeCursor("abc", [1, "a"]);
    expect(decodeCursor(text, "abd", PlaceSchema)).toEqual({ ok: false, fault: "other_question" });
  });

  it.each([
    "",
    "x",
    "bm9wZQ",
    "%%%",
    encodeCursor("abc", [1]),
    encodeCursor("abc", null),
    encodeCursor("abc", ["a", 1]),
  ])("are refused if they are malformed: %s", (text) => {
    expect(decodeCursor(text, "abc", PlaceSchema)).toEqual({ ok: false, fault: "unreadable" });
  });

  it("never throw, whatever the text is", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(decodeCursor(text, "abc", PlaceSchema).ok).toBe(false);
      }),
    );
  });
});

describe("questionFingerprint", () => {
  it("does not depend on the order of filters and ignores those that are not set", () => {
    expect(questionFingerprint({ a: 1, b: "x", c: undefined, d: null })).toBe(questionFingerprint({ b: "x", a: 1 }));
  });

  it("differs when a filter differs or moves to another name", () => {
    const questions = [{}, { a: "x" }, { b: "x" }, { a: "y" }, { a: "x", b: "x" }];
    expect(new Set(questions.map(questionFingerprint)).size).toBe(questions.length);
  });
});
