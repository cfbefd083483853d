import { afterEach, expect, test, vi } from "vitest";
import { readCookie, writeCookie } from "../../src/core/cookie.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A document that accepts cookies only on some domains, as browsers refuse public suffixes. */
function browserAt(hostname: string, accepts: (domain: string | undefined) => boolean) {
  const cookies = new Map<string, string>();
  const written: string[] = [];
  vi.stubGlobal("location", { hostname });
  vi.stubGlobal("document", {
    get cookie() {
      return [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    },
    set cookie(text: string) {
      written.push(text);
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      if (accepts(/;domain=([^;]+)/.exec(text)?.[1])) cookies.set(name, value);
    },
  });
  return { cookies, written };
}

test("reads a cookie by its whole name", () => {
  const { cookies } = browserAt("shop.example", () => true);
  for (const [name, value] of [
    ["other_eye_s", "1"],
    ["eye_s", "a|b"],
    ["eye_s2", "3"],
  ] as const)
    cookies.set(name, value);
  expect(readCookie("eye_s")).toBe("a|b");
  expect(readCookie("eye")).toBe("");
});

test("sets a cookie on the widest domain that accepts it", () => {
  const { written } = browserAt("www.shop.co.uk", (domain) => domain !== "co.uk");
  writeCookie("eye_s", "value", 60_000);
  expect(written.map((text) => /;domain=(.*)$/.exec(text)?.[1])).toEqual(["co.uk", "shop.co.uk"]);
  expect(written[0]).toContain("max-age=60;");
  expect(readCookie("eye_s")).toBe("value");
});

test("a host of one label gets a cookie without a domain", () => {
  const { written } = browserAt("localhost", (domain) => domain === undefined);
  writeCookie("eye_s", "value", 1_000);
  expect(written).toEqual(["eye_s=value;path=/;max-age=1;samesite=lax"]);
});

test("does not write a value again that is there", () => {
  const { cookies, written } = browserAt("shop.example", () => true);
  cookies.set("eye_s", "value");
  writeCookie("eye_s", "value", 1_000);
  expect(written).toEqual([]);
});

test("nothing fails if cookies are denied", () => {
  vi.stubGlobal("location", { hostname: "shop.example" });
  vi.stubGlobal("document", {
    get cookie(): string {
      throw new Error("denied");
    },
    set cookie(_text: string) {
      throw new Error("denied");
    },
  });
  writeCookie("eye_s", "value", 1_000);
  expect(readCookie("eye_s")).toBe("");
});
