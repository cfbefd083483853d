import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { type AuthenticationSources, authenticate } from "../../../src/http/auth/authenticate";
import { KeyCache } from "../../../src/http/auth/key-cache";
import { generateKey, hashKey } from "../../../src/http/auth/keys";
import { parseConfig } from "../../../src/model/config";
import { keyEntry } from "../../../src/model/keys/access-key";
import { expectRefusal } from "../expect-refusal";
import { seedKey, seedLocalKeys } from "./seed";

const ADMIN_KEY = "eye_a_the-first-admin-key-of-this-deployment";

beforeAll(seedLocalKeys);

function sources(more: Partial<AuthenticationSources> = {}): AuthenticationSources {
  return { keys: env.KEYS, config: parseConfig(env), cache: new KeyCache(), ...more };
}

function withKey(key: string, headers: Record<string, string> = {}): Request {
  return new Request("https://eye.example/", { headers: { Authorization: `Bearer ${key}`, ...headers } });
}

/** Counts the look-ups that reach the real KV behind it. */
function countingKeys() {
  const counted = { lookups: 0 };
  const keys = new Proxy(env.KEYS, {
    get(target, member) {
      if (member === "get") counted.lookups++;
      const value: unknown = Reflect.get(target, member);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { counted, keys };
}

const brokenKeys = new Proxy(env.KEYS, {
  get() {
    throw new Error("KV GET failed: 500 Internal Server Error");
  },
});

describe("authenticate", () => {
  it("returns the application and the scope", async () => {
    expect(await authenticate(withKey("eye_w_local"), "write", sources())).toEqual({
      scope: "write",
      application: "demo",
    });
    expect(await authenticate(withKey("eye_r_local"), "read", sources())).toEqual({
      scope: "read",
      application: "demo",
      applications: null,
    });
  });

  it("lets an admin key query but not send events", async () => {
    expect(await authenticate(withKey("eye_a_local"), "read", sources())).toMatchObject({ scope: "admin" });
    expectRefusal(await authenticate(withKey("eye_a_local"), "write", sources()), "forbidden");
  });

  it("refuses a key with an insufficient scope", async () => {
    expectRefusal(await authenticate(withKey("eye_w_local"), "read", sources()), "forbidden");
    expectRefusal(await authenticate(withKey("eye_r_local"), "write", sources()), "forbidden");
    expectRefusal(await authenticate(withKey("eye_r_local"), "admin", sources()), "forbidden");
  });

  it("refuses a request without a key and says how to send one", async () => {
    const refusal = expectRefusal(
      await authenticate(new Request("https://eye.example/"), "read", sources()),
      "unauthorized",
    );
    expect(refusal.headers["WWW-Authenticate"]).toBe('Bearer realm="The Eye"');
  });

  it("refuses an unknown key", async () => {
    expectRefusal(await authenticate(withKey(generateKey("write")), "write", sources()), "unauthorized");
  });

  it("never looks up a text that does not have the form of a key", async () => {
    const { counted, keys } = countingKeys();
    expectRefusal(await authenticate(withKey("eye_w_../key"), "write", sources({ keys })), "unauthorized");
    expect(counted.lookups).toBe(0);
  });

  it("reads KV once for many requests", async () => {
    const { counted, keys } = countingKeys();
    const shared = sources({ keys });
    for (let i = 0; i < 10; i++) await authenticate(withKey("eye_w_local"), "write", shared);
    expect(counted.lookups).toBe(1);
  });

  it("accepts a new key within seconds after it was refused", async () => {
    const clock = { now: 0 };
    const shared = sources({ cache: new KeyCache(() => clock.now) });
    const key = generateKey("write");
    expectRefusal(await authenticate(withKey(key), "write", shared), "unauthorized");
    await seedKey(key, "write");
    clock.now = 5_000;
    expect(await authenticate(withKey(key), "write", shared)).toMatchObject({ scope: "write" });
  });

  it("refuses a revoked key after the cache has expired", async () => {
    const clock = { now: 0 };
    const shared = sources({ cache: new KeyCache(() => clock.now) });
    const key = generateKey("write");
    await seedKey(key, "write");
    await authenticate(withKey(key), "write", shared);
    await env.KEYS.delete(keyEntry(await hashKey(key)));
    expect(await authenticate(withKey(key), "write", shared)).toMatchObject({ scope: "write" });
    clock.now = shared.config.keyCacheMs;
    expectRefusal(await authenticate(withKey(key), "write", shared), "unauthorized");
  });

  it("asks for a retry while KV fails and caches nothing", async () => {
    const shared = sources({ keys: brokenKeys });
    const refusal = expectRefusal(await authenticate(withKey("eye_w_local"), "write", shared), "unavailable");
    expect(refusal.response().headers.get("Retry-After")).not.toBeNull();
    expect(refusal.detail).not.toContain("500");
    expect(await authenticate(withKey("eye_w_local"), "write", { ...shared, keys: env.KEYS })).toMatchObject({
      scope: "write",
    });
  });

  it("asks for a retry for a record of a future version, since a 401 would make clients drop events", async () => {
    const key = generateKey("write");
    await env.KEYS.put(keyEntry(await hashKey(key)), JSON.stringify({ v: 2 }));
    expectRefusal(await authenticate(withKey(key), "write", sources()), "unavailable");
  });

  it("accepts the deployment's first admin key without KV", async () => {
    const shared = sources({ keys: brokenKeys, config: { ...parseConfig(env), adminKey: ADMIN_KEY } });
    expect(await authenticate(withKey(ADMIN_KEY), "admin", shared)).toEqual({ scope: "admin", application: null });
    expectRefusal(await authenticate(withKey(ADMIN_KEY), "write", shared), "forbidden");
  });

  it.each([`${ADMIN_KEY}x`, ADMIN_KEY.slice(0, -1), ADMIN_KEY.replace("first", "FIRST")])(
    "does not accept %s as the first admin key",
    async (key) => {
      const shared = sources({ config: { ...parseConfig(env), adminKey: ADMIN_KEY } });
      expectRefusal(await authenticate(withKey(key), "admin", shared), "unauthorized");
    },
  );

  it("returns the applications that a read key is bound to", async () => {
    const key = generateKey("read");
    await seedKey(key, "read", { applications: ["shop"] });
    expect(await authenticate(withKey(key), "read", sources())).toEqual({
      scope: "read",
      application: "demo",
      applications: ["shop"],
    });
  });

  it("accepts a write key from every subdomain of a pattern", async () => {
    const key = generateKey("write");
    await seedKey(key, "write", { origins: ["https://*.shop.example"] });
    const ask = async (origin: string) => authenticate(withKey(key, { Origin: origin }), "write", sources());
    expect(await ask("https://de.shop.example")).toMatchObject({ application: "demo" });
    expectRefusal(await ask("https://shop.example"), "forbidden");
    expectRefusal(await ask("https://evilshop.example"), "forbidden");
  });

  it("binds a write key to its origins", async () => {
    const key = generateKey("write");
    await seedKey(key, "write", { origins: ["https://shop.example"] });
    const ask = async (headers: Record<string, string>) => authenticate(withKey(key, headers), "write", sources());
    expect(await ask({ Origin: "https://shop.example" })).toMatchObject({ application: "demo" });
    expectRefusal(await ask({ Origin: "https://shop.example.evil" }), "forbidden");
    expectRefusal(await ask({ Origin: "null" }), "forbidden");
    expectRefusal(await ask({}), "forbidden");
  });
});
