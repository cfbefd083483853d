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

  it("prefers Authorization to X-Write-Key and both to the query", () => {
    expect(findKey(request({ Authorization: `Bearer ${KEY}`, "X-Write-Key": "second" }, "?key=third"))).toBe(KEY);
    expect(findKey(request({ "X-Write-Key": "second" }, "?key=third"))).toBe("second");
  });

  it.each(["", "?key=", "?monkey=1"])("finds no key in the query %j", (query) => {
    expect(findKey(request({}, query))).toBeNull();
  });

  it.each([
    ["Bearer", "no key after"],
    ["Bearer a b", "contains a space"],
    ["Basic %%%", "not base64"],
    ["Basic Og==", "user name"],
    ["Digest abc", "must be"],
    ["", "must be"],
  ])("refuses a malformed Authorization although the query has a key: %j", (value, detail) => {
    const refusal = expectRefusal(findKey(request({ Authorization: value }, `?key=${KEY}`)), "unauthorized");
    expect(refusal.detail).toContain(detail);
    expect(refusal.headers["WWW-Authenticate"]).toContain("Bearer");
  });
});
