import { describe, expect, it } from "vitest";
import { areAllVisible, isVisible } from "../../../src/model/keys/visibility";

describe("isVisible", () => {
  it("shows an unbound key everything, also what names no application", () => {
    expect(isVisible("shop", null)).toBe(true);
    expect(isVisible(null, null)).toBe(true);
  });

  it("shows a bound key only its own applications", () => {
    expect(isVisible("shop", ["blog", "shop"])).toBe(true);
    expect(isVisible("shop", ["blog"])).toBe(false);
    expect(isVisible("shop", [])).toBe(false);
  });

  it("hides what names no application from a bound key", () => {
    expect(isVisible(null, ["shop"])).toBe(false);
  });
});

describe("areAllVisible", () => {
  it("needs every covered application", () => {
    expect(areAllVisible(["shop"], ["blog", "shop"])).toBe(true);
    expect(areAllVisible(["shop", "admin"], ["blog", "shop"])).toBe(false);
  });

  it("shows what covers every application to unbound keys only", () => {
    expect(areAllVisible(null, null)).toBe(true);
    expect(areAllVisible(null, ["shop"])).toBe(false);
  });
});
