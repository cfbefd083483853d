import { describe, expect, it } from "vitest";
import { generateKey, hashKey, hintOf, isWellFormedKey, permits } from "../../../src/http/auth/keys";
import { SCOPES } from "../../../src/model/keys/access-key";

describe("generateKey", () => {
  it.each(SCOPES)("creates a well-formed %s key with at least 128 random bits", (scope) => {
    const key = generateKey(scope);
    expect(key).toMatch(new RegExp(`^eye_${scope[0]}_[A-Za-z0-9_-]{32}$`));
    expect(isWellFormedKey(key)).toBe(true);
  });

  it("never creates the same key twice", () => {
    expect(new Set(Array.from({ length: 1_000 }, () => generateKey("write"))).size).toBe(1_000);
  });
});

describe("isWellFormedKey", () => {
  it.each(["eye_w_local", "eye_r_local", "eye_a_local"])("accepts %s", (key) => {
    expect(isWellFormedKey(key)).toBe(true);
  });

  it.each([
    "",
    "eye_w_",
    "eye_w_short",
    "eye_x_abcdefghijklmnopqrstuv",
    "eye_w_abcdefghijklmnopqrstu!",
    " eye_w_local",
  ])("refuses %j", (key) => {
    expect(isWellFormedKey(key)).toBe(false);
  });
});

describe("hashKey", () => {
  it("is SHA-256 in hex", async () => {
    expect(await hashKey("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });
});

describe("permits", () => {
  it.each([
    ["write", ["write"]],
    ["read", ["read"]],
    ["admin", ["read", "admin"]],
  ] as const)("lets a %s key do %j and no more", (held, allowed) => {
    expect(SCOPES.filter((needed) => permits(held, needed)).toSorted()).toEqual([...allowed].toSorted());
  });
});

describe("hintOf", () => {
  it("is the last four characters", () => {
    expect(hintOf("eye_w_abcdefghijklmnopqrstuv")).toBe("stuv");
  });
});
