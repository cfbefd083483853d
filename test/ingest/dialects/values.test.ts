import { describe, expect, it } from "vitest";
import {
  divide,
  firstText,
  hiddenBy,
  type Mapped,
  nativeEvent,
  objectOf,
  shortName,
  textOf,
  unlessObject,
  unlessText,
  unmapped,
} from "../../../src/ingest/dialects/values";

it.each<[unknown, string | undefined, unknown]>([
  ["a", "a", undefined],
  [0, "0", undefined],
  ["", undefined, undefined],
  [null, undefined, undefined],
  [undefined, undefined, undefined],
  [false, undefined, false],
  [["a"], undefined, ["a"]],
])("%j is the text %j; left over is %j", (value, text, leftOver) => {
  expect(textOf(value)).toBe(text);
  expect(unlessText(value)).toEqual(leftOver);
});

it.each<[unknown, object, unknown]>([
  [{ a: 1 }, { a: 1 }, undefined],
  [null, {}, undefined],
  [undefined, {}, undefined],
  [[1], {}, [1]],
  ["a", {}, "a"],
  [0, {}, 0],
])("%j is the object %j; left over is %j", (value, object, leftOver) => {
  expect(objectOf(value)).toEqual(object);
  expect(unlessObject(value)).toEqual(leftOver);
});

it("firstText skips what is no text", () => {
  expect(firstText(undefined, "", {}, 7, "a")).toBe("7");
  expect(firstText("", null)).toBeUndefined();
});

describe("shortName", () => {
  it("keeps 64 characters", () => {
    expect(shortName("x".repeat(64))).toBe("x".repeat(64));
    expect(shortName("x".repeat(65))).toBe("x".repeat(64));
  });

  it("does not cut a pair of surrogates in two", () => {
    expect(shortName(`${"x".repeat(63)}😀`)).toBe("x".repeat(63));
    expect(shortName(`${"x".repeat(62)}😀y`)).toBe(`${"x".repeat(62)}😀`);
  });
});

describe("nativeEvent", () => {
  const mapped = (changes: Partial<Mapped> = {}): Mapped => ({
    ...{ session: "s", visitor: "v", category: "track", name: "Order", data: { a: 1 } },
    ...{ timestamp: "2021-01-01T09:15:27Z", id: "1", context: { ip: "x" }, ...changes },
  });

  it("has the members of the native format", () => {
    expect(nativeEvent(mapped())).toEqual({
      ...{ session_id: "s", visitor_id: "v", category: "track", name: "Order", data: { a: 1 } },
      ...{ timestamp: "2021-01-01T09:15:27Z", id: "1", context: { ip: "x" } },
    });
  });

  it("leaves out what is missing", () => {
    const none = { session: undefined, visitor: undefined, id: undefined };
    for (const timestamp of [undefined, null]) {
      expect(Object.keys(nativeEvent(mapped({ ...none, timestamp })))).toEqual(["category", "name", "data", "context"]);
    }
  });

  it("keeps the whole of a name that is cut in the context", () => {
    const long = "n".repeat(70);
    expect(nativeEvent(mapped({ name: long, category: long }))).toMatchObject({
      ...{ name: "n".repeat(64), category: "n".repeat(64), context: { full_name: long, full_category: long } },
    });
  });

  it("keeps what has no place as `unmapped`, beside the vendor's own member of this name", () => {
    const unmappedMembers = { traits: 7, context: undefined };
    expect(nativeEvent(mapped({ unmapped: unmappedMembers })).context).toEqual({ ip: "x", unmapped: { traits: 7 } });
    const context = { unmapped: "theirs" };
    expect(nativeEvent(mapped({ unmapped: unmappedMembers, context })).context).toEqual({
      unmapped: { traits: 7, unmapped: "theirs" },
    });
    expect(nativeEvent(mapped({ unmapped: { traits: undefined } })).context).toEqual({ ip: "x" });
  });
});

describe("hiddenBy", () => {
  it("returns the members that are overwritten with another value", () => {
    expect(hiddenBy({ a: 1, b: 2, c: 3 }, { a: 1, b: 9, d: 4 })).toEqual({ b: 9 });
  });

  it("returns undefined if nothing is lost", () => {
    expect(hiddenBy({ a: 1 }, { a: 1, b: 2 })).toBeUndefined();
    expect(hiddenBy({ a: 1, toString: 2 }, { a: undefined })).toBeUndefined();
  });
});

it("divide keeps every member, even one named __proto__", () => {
  const value = JSON.parse('{"$a":1,"b":2,"__proto__":3}');
  const [first, second] = divide(value, (key) => key.startsWith("$"));
  expect(first).toEqual({ $a: 1 });
  expect(Object.entries(second)).toEqual([
    ["b", 2],
    ["__proto__", 3],
  ]);
});

it("unmapped wraps a value that is not an event, so that it fails alone", () => {
  expect(unmapped("text")).toEqual({ data: null, context: { unmapped: "text" } });
  expect(unmapped(undefined)).toEqual({ data: null, context: { unmapped: null } });
});
