import { describe, expect, it } from "vitest";
import { ABSENT_KEY_CACHE_MS, KeyCache, MAX_CACHED_KEYS } from "../../../src/http/auth/key-cache";
import type { KeyRecord } from "../../../src/model/keys/access-key";

const RECORD: KeyRecord = {
  v: 1,
  application: "demo",
  scope: "write",
  id: "one",
};

function cacheWithClock() {
  const clock = { now: 0 };
  return { clock, cache: new KeyCache(() => clock.now) };
}

describe("KeyCache", () => {
  it("keeps a key until it expires", () => {
    const { clock, cache } = cacheWithClock();
    cache.set("key", RECORD, 30_000);
    clock.now = 29_999;
    expect(cache.get("key")).toEqual(RECORD);
    clock.now = 30_000;
    expect(cache.get("key")).toBeUndefined();
  });

  it("forgets an absent key quickly, so that a new one works", () => {
    const { clock, cache } = cacheWithClock();
    cache.set("key", null, 3_600_000);
    expect(cache.get("key")).toBeNull();
    clock.now = ABSENT_KEY_CACHE_MS;
    expect(cache.get("key")).toBeUndefined();
  });

  it("keeps nothing if caching is disabled", () => {
    const { cache } = cacheWithClock();
    cache.set("key", RECORD, 0);
    expect(cache.get("key")).toBeUndefined();
  });

  it("is bounded and drops the oldest key first", () => {
    const { cache } = cacheWithClock();
    for (let i = 0; i <= MAX_CACHED_KEYS; i++) cache.set(`key ${i}`, RECORD, 1_000);
    expect(cache.get("key 0")).toBeUndefined();
    expect(cache.get("key 1")).toEqual(RECORD);
  });

  it("keeps real keys during a flood of invented ones", () => {
    const { cache } = cacheWithClock();
    cache.set("key", RECORD, 1_000);
    for (let i = 0; i < 5 * MAX_CACHED_KEYS; i++) cache.set(`invented ${i}`, null, 1_000);
    expect(cache.get("key")).toEqual(RECORD);
  });

  it("keeps the newer of two results", () => {
    const { cache } = cacheWithClock();
    cache.set("key", RECORD, 1_000);
    cache.set("key", null, 1_000);
    expect(cache.get("key")).toBeNull();
    cache.set("key", RECORD, 1_000);
    expect(cache.get("key")).toEqual(RECORD);
  });

  it("forgets revoked keys by their ids", () => {
    const { cache } = cacheWithClock();
    cache.set("key", RECORD, 1_000);
    cache.set("other", { ...RECORD, id: "two" }, 1_000);
    cache.forget(["one"]);
    expect(cache.get("key")).toBeUndefined();
    expect(cache.get("other")).toBeDefined();
  });
});
