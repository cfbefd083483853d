import { describe, expect, it } from "vitest";
import { findKey } from "../../../src/http/auth/credentials";
import { expectRefusal } from "../expect-refusal";

const KEY = "eye_w_abcdefghijklmnopqrstuv";

function request(headers: Record<string, string>, query = ""): Request {
  return new Request(`https://eye.example/theeye/events${query}`, { headers });
}

describe("findKey", () => {
  it.each([
    [{ Authorization: `Bearer ${KEY}` }],
    [{ Authorization: `bearer   ${KEY} ` }],
    [{ Authorization: `Token ${KEY}` }],
    [{ Authorization: `Basic ${btoa(`${KEY}:`)}` }],
    [{ Authorization: `Basic ${btoa(`${KEY}:password`)}` }],
    [{ Authorization: `Basic ${btoa(KEY)}` }],
    [{ "X-Write-Key": KEY }],
  ])("finds the key in %j", (headers) => {
    expect(findKey(request(headers))).toBe(KEY);
  });

  it("finds the key of a beacon in the query", () => {
    expect(findKey(request({}, `?a=1&key=${KEY}`))).toBe(KEY);
  });

  it("takes Authorization before X-Write-Key before the query", () => {
    expect(findKey(request({ Authorization: `Bearer ${KEY}`, "X-Write-Key": "second" }, "?key=third"))).toBe(KEY);
    expect(findKey(request({ "X-Write-Key": "second" }, "?key=third"))).toBe("second");
  });

  it.each(["", "?key=", "?monkey=1"])("finds no key in the query %j", (query) => {
    expect(findKey(request({}, query))).toBeNull();
  });

  it.each([
    ["Bearer", "no key after it"],
    ["Bearer a b", "contains a space"],
    ["Basic %%%", "not base64"],
    ["Basic Og==", "user name"],
    ["Digest abc", "takes"],
    ["", "takes"],
  ])("says what is malformed in Authorization: %j, though the query has a key", (value, detail) => {
    const refusal = expectRefusal(findKey(request({ Authorization: value }, `?key=${KEY}`)), "unauthorized");
    expect(refusal.detail).toContain(detail);
    expect(refusal.headers["WWW-Authenticate"]).toContain("Bearer");
  });
});
