import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { configOf } from "../../src/model/configuration";

it("parses an environment once", () => {
  expect(configOf(env)).toBe(configOf(env));
  expect(configOf({ ...env, KEY_CACHE_SECONDS: 7 }).keyCacheMs).toBe(7_000);
});

it.each(["KEYS", "EVENTS", "DEAD_LETTERS", "REPLAYS", "COMPACTION", "ERASURES", "JOBS", "SESSIONS", "DB", "ASSETS"])(
  "names a missing binding: %s",
  (binding) => {
    expect(() => configOf({ ...env, [binding]: undefined })).toThrow(`the binding ${binding} is missing`);
  },
);

it("needs no archive", () => {
  expect(() => configOf({ ...env, ARCHIVE: undefined })).not.toThrow();
});

it("says how to fix a setting on each request until it is fixed", () => {
  const broken = { ...env, KEY_CACHE_SECONDS: "soon" };
  for (let i = 0; i < 2; i++) expect(() => configOf(broken)).toThrow("KEY_CACHE_SECONDS");
});
