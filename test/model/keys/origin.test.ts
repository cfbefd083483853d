import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { isListedOrigin, OriginsSchema } from "../../../src/model/keys/origin";

describe("OriginsSchema", () => {
  it.each([
    "https://www.example.com",
    "http://localhost:8787",
    "https://*.example.com",
    "https://*.shop.example.com:8443",
    "http://*.localhost:3000",
  ])("accepts %s", (origin) => {
    expect(v.is(OriginsSchema, [origin])).toBe(true);
  });

  it.each([
    ...["https://www.example.com/", "HTTPS://www.example.com", "www.example.com", "null", ""],
    ...["*", "https://*", "https://*.com", "https://*.*.com", "https://www.*.com", "https://*example.com"],
    ...[
      "https://*.example.com/",
      "*.example.com",
      "https://*.Example.com",
      "https://*.127.0.0.1",
      "https://*.",
      "*://*.a.b",
    ],
  ])("refuses %j", (origin) => {
    expect(v.is(OriginsSchema, [origin])).toBe(false);
  });

  it("refuses an empty list", () => {
    expect(v.is(OriginsSchema, [])).toBe(false);
  });
});

describe("isListedOrigin", () => {
  const list = ["https://example.com", "https://*.example.com", "http://*.localhost:3000"];

  it.each(["https://example.com", "https://www.example.com", "https://a.b.example.com", "http://app.localhost:3000"])(
    "finds %s",
    (origin) => {
      expect(isListedOrigin(origin, list)).toBe(true);
    },
  );

  it.each([
    ...["http://www.example.com", "https://www.example.com:8443", "https://evilexample.com", "https://.example.com"],
    ...[
      "https://evil.test/.example.com",
      "https://user@x.example.com",
      "https://www.example.com.evil.test",
      "null",
      "",
    ],
  ])("does not find %j", (origin) => {
    expect(isListedOrigin(origin, list)).toBe(false);
  });
});
