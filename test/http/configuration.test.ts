import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { configOf } from "../../src/http/configuration";

it("parses an environment once", () => {
  expect(configOf(env)).toBe(configOf(env));
  expect(configOf({ ...env, KEY_CACHE_SECONDS: 7 }).keyCacheMs).toBe(7_000);
});

it("names a missing binding", () => {
  expect(() => configOf({ ...env, DEAD_LETTERS: undefined })).toThrow("the binding DEAD_LETTERS is missing");
});

it("says how to fix a setting on each request until it is fixed", () => {
  const broken = { ...env, KEY_CACHE_SECONDS: "soon" };
  for (let i = 0; i < 2; i++) expect(() => configOf(broken)).toThrow("KEY_CACHE_SECONDS");
});
