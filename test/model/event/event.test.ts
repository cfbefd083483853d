import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import {
  ApplicationNameSchema,
  CategorySchema,
  clientEventId,
  EventIdSchema,
  SessionIdSchema,
  sessionIdOf,
  utf8Bytes,
} from "../../../src/model/event/event";

const UNPRINTABLE = [
  "",
  " ",
  "\t",
  "\u00a0\u3000",
  "a\u0000b",
  "a\nb",
  "a\u007fb",
  "a\u0085b",
  "a\u2028b",
  "\ud83d",
  "a\ude00",
];

describe("the texts of an event", () => {
  it.each(UNPRINTABLE)("are refused as %j", (text) => {
    for (const schema of [EventIdSchema, SessionIdSchema, CategorySchema]) expect(v.is(schema, text)).toBe(false);
  });

  it.each(["a", " padded ", "snowman ☃", "\u{1F600}", "Ünïcode", "日本語", '"quoted"', "__proto__", "constructor"])(
    "are accepted as %j",
    (text) => {
      for (const schema of [EventIdSchema, SessionIdSchema, CategorySchema]) expect(v.is(schema, text)).toBe(true);
    },
  );

  it("have limits that are exact to the character", () => {
    for (const schema of [EventIdSchema, SessionIdSchema]) {
      expect(v.is(schema, "x".repeat(128))).toBe(true);
      expect(v.is(schema, "x".repeat(129))).toBe(false);
    }
    expect(v.is(CategorySchema, "x".repeat(64))).toBe(true);
    expect(v.is(CategorySchema, "x".repeat(65))).toBe(false);
  });

  it.each(["undefined", "null", "NULL", " null ", "[object Object]", "NaN", "None", "anonymous", "0", "-1", "true"])(
    "are refused as a session id if they are the placeholder %j",
    (text) => {
      expect(v.is(SessionIdSchema, text)).toBe(false);
      expect(v.is(EventIdSchema, text)).toBe(true);
    },
  );

  it.each(["00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"])(
    "are refused as a session id if they are %s",
    (text) => {
      expect(v.is(SessionIdSchema, text)).toBe(false);
    },
  );

  it("allow only lower-case names of applications that begin with a letter or digit", () => {
    for (const name of ["shop", "shop-2.eu_west", "7"]) expect(v.is(ApplicationNameSchema, name)).toBe(true);
    for (const name of ["", "Shop", "-shop", ".shop", "shop/2", "x".repeat(65)]) {
      expect(v.is(ApplicationNameSchema, name)).toBe(false);
    }
  });
});

describe("clientEventId and sessionIdOf", () => {
  it("return null for anything but an object with a valid id, and never throw", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (event) => {
        if (typeof event === "object" && event !== null && !Array.isArray(event)) return;
        expect(clientEventId(event)).toBeNull();
        expect(sessionIdOf(event)).toBeNull();
      }),
    );
    for (const id of [null, 7, [], {}, ...UNPRINTABLE]) {
      expect(clientEventId({ id })).toBeNull();
      expect(sessionIdOf({ session_id: id })).toBeNull();
    }
  });

  it("ignore a member named __proto__", () => {
    const event: unknown = JSON.parse('{"__proto__":{"id":"inherited","session_id":"inherited"}}');
    expect([clientEventId(event), sessionIdOf(event)]).toEqual([null, null]);
  });

  it("return the id as it was sent", () => {
    expect(clientEventId({ id: " a " })).toBe(" a ");
    expect(sessionIdOf({ session_id: "s" })).toBe("s");
  });
});

it("utf8Bytes counts bytes, not characters", () => {
  expect([utf8Bytes("a"), utf8Bytes("é"), utf8Bytes("€"), utf8Bytes("\u{1F600}")]).toEqual([1, 2, 3, 4]);
});
