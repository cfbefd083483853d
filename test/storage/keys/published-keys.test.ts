import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { keyEntry } from "../../../src/model/keys/access-key";
import {
  changeOrigins,
  deleteApplication,
  insertApplication,
  loadApplication,
} from "../../../src/storage/keys/applications";
import { maintainKeys, publishKeys, reconcileKeys } from "../../../src/storage/keys/published-keys";
import { deleteKey, rotateKey } from "../../../src/storage/keys/rotate-key";

const home = { index: 0, binding: env.DB };

beforeEach(async () => {
  await env.DB.batch([env.DB.prepare("DELETE FROM application_keys"), env.DB.prepare("DELETE FROM applications")]);
  for (const { name } of (await env.KEYS.list()).keys) await env.KEYS.delete(name);
});

function fresh(scope: "write" | "read" | "admin" = "write") {
  const id = crypto.randomUUID();
  return { id, scope, hash: id.replaceAll("-", "").padEnd(64, "0"), hint: id.slice(-4) };
}

async function newApplication(name: string) {
  const key = fresh();
  await insertApplication(home, { name, createdAt: 1, origins: null }, [key]);
  return key;
}

async function published(): Promise<string[]> {
  return (await env.KEYS.list()).keys.map(({ name }) => name).sort();
}

async function registered(): Promise<string[]> {
  const { results } = await env.DB.prepare("SELECT hash FROM application_keys").all<{ hash: string }>();
  return results.map(({ hash }) => keyEntry(hash)).sort();
}

/** The real KV, with one kind of call failing. */
function failingAt(method: "put" | "delete"): KVNamespace {
  return new Proxy(env.KEYS, {
    get(target, member) {
      if (member === method) return () => Promise.reject(new Error(`KV ${method} failed`));
      const value: unknown = Reflect.get(target, member);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

describe("a crash between the registry and KV", () => {
  it("leaves a new key without effect until the cron publishes it", async () => {
    const { hash } = await newApplication("shop");
    await expect(publishKeys(failingAt("put"), home, [hash])).rejects.toThrow("KV put failed");
    expect(await published()).toEqual([]);
    expect(await reconcileKeys(env.KEYS, home)).toBe(1);
    expect(await env.KEYS.get(keyEntry(hash), "json")).toMatchObject({ application: "shop", scope: "write" });
  });

  it("leaves a revoked key valid until the cron removes it", async () => {
    const { id, hash } = await newApplication("shop");
    await publishKeys(env.KEYS, home, [hash]);
    await deleteKey(home, "shop", id);
    await expect(publishKeys(failingAt("delete"), home, [hash])).rejects.toThrow("KV delete failed");
    expect(await published()).toEqual([keyEntry(hash)]);
    expect(await reconcileKeys(env.KEYS, home)).toBe(1);
    expect(await published()).toEqual([]);
  });

  it("leaves old origins in force until the cron publishes the new ones", async () => {
    const { hash } = await newApplication("shop");
    await publishKeys(env.KEYS, home, [hash]);
    await changeOrigins(home, "shop", ["https://*.shop.example"]);
    expect(await env.KEYS.get(keyEntry(hash), "json")).not.toHaveProperty("origins");
    expect(await reconcileKeys(env.KEYS, home)).toBe(1);
    expect(await env.KEYS.get(keyEntry(hash), "json")).toMatchObject({ origins: ["https://*.shop.example"] });
  });
});

describe("reconcileKeys", () => {
  it("removes entries of KV that are not in the registry", async () => {
    const { hash } = await newApplication("shop");
    await publishKeys(env.KEYS, home, [hash]);
    await env.KEYS.put(
      keyEntry("0".repeat(64)),
      JSON.stringify({ v: 1, application: "shop", scope: "admin", id: "x" }),
    );
    await env.KEYS.put("application:old", "{}");
    expect(await reconcileKeys(env.KEYS, home)).toBe(2);
    expect(await published()).toEqual([keyEntry(hash)]);
  });

  it("changes nothing if everything is correct", async () => {
    const { hash } = await newApplication("shop");
    await publishKeys(env.KEYS, home, [hash]);
    expect(await reconcileKeys(env.KEYS, home)).toBe(0);
  });

  it("logs repairs and failures", async () => {
    await newApplication("shop");
    const lines: Record<string, unknown>[] = [];
    const log = (line: Record<string, unknown>) => lines.push(line);
    await maintainKeys({ keys: failingAt("put"), database: home, log });
    await maintainKeys({ keys: env.KEYS, database: home, log });
    await maintainKeys({ keys: env.KEYS, database: home, log });
    expect(lines).toEqual([
      { log: "keys", failure: "KV put failed" },
      { log: "keys", repaired: 1 },
    ]);
  });
});

describe("concurrent publications of one key", () => {
  it("remove a key that is revoked while it is published", async () => {
    const { id, hash } = await newApplication("shop");
    // The revocation, including KV, completes between the first publication's read and its write.
    const slow = new Proxy(env.KEYS, {
      get(target, member) {
        if (member === "put") {
          return async (...args: [string, string, object]) => {
            await deleteKey(home, "shop", id);
            await publishKeys(env.KEYS, home, [hash]);
            await target.put(...args);
          };
        }
        const value: unknown = Reflect.get(target, member);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    await publishKeys(slow, home, [hash]);
    expect(await published()).toEqual([]);
  });

  it("end with the newest origins, whichever writes last", async () => {
    const { hash } = await newApplication("shop");
    await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        await changeOrigins(home, "shop", [`https://shop-${n}.example`]);
        await publishKeys(env.KEYS, home, [hash]);
      }),
    );
    const application = await loadApplication(home, "shop");
    expect(await env.KEYS.get(keyEntry(hash), "json")).toMatchObject({ origins: application?.keys[0]?.origins });
  });

  it("leave exactly the registered keys after 20 clients created and revoked keys at random", async () => {
    await Promise.all(["a", "b"].map((name) => newApplication(name)));
    const client = async (n: number) => {
      for (let turn = 0; turn < 4; turn++) {
        const name = (n + turn) % 2 === 0 ? "a" : "b";
        const scope = (["write", "read", "admin"] as const)[(n + turn) % 3] ?? "write";
        const rotation = {
          ...fresh(scope),
          application: name,
          createdAt: 1,
          origins: undefined,
          applications: undefined,
        };
        const rotated = await rotateKey(home, rotation);
        if (rotated.kind !== "made") continue;
        await publishKeys(
          env.KEYS,
          home,
          [...rotated.replaced, rotated.key].map(({ hash }) => hash),
        );
        if (n % 4 === 0 && turn === 2) {
          const ended = await deleteApplication(home, "b");
          await publishKeys(
            env.KEYS,
            home,
            (ended ?? []).map(({ hash }) => hash),
          );
          await insertApplication(home, { name: "b", createdAt: 2, origins: null }, []);
        }
      }
    };
    await Promise.all(Array.from({ length: 20 }, (_, n) => client(n)));
    expect(await published()).toEqual(await registered());
    const counts = await env.DB.prepare(
      "SELECT max(n) AS most FROM (SELECT count(*) AS n FROM application_keys GROUP BY application, scope)",
    ).first<number>("most");
    expect(counts).toBeLessThanOrEqual(2);
  });
});
