import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { createKey, keysToReplace, publish, readApplication, revoke } from "../../../src/api/admin/application-store";
import { type ApplicationRecord, keyEntry, type ListedKey } from "../../../src/http/auth/keys";

const CREATED = "2026-01-01T00:00:00.000Z";

/** The real KV, which stops working before a given write. */
function crashingBefore(write: number): KVNamespace {
  let writes = 0;
  return new Proxy(env.KEYS, {
    get(target, member) {
      if ((member === "put" || member === "delete") && writes++ === write) throw new Error("crash");
      const value: unknown = Reflect.get(target, member);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function liveKeys(application: ApplicationRecord): Promise<string[]> {
  const live = await Promise.all(
    application.keys.map(async (key) => ((await env.KEYS.get(keyEntry(key.hash))) ? [key.id] : [])),
  );
  return live.flat();
}

async function newApplication(name: string): Promise<ApplicationRecord> {
  const { listed } = await createKey("write", undefined, new Date(CREATED));
  return { v: 1, name, created_at: CREATED, keys: [listed] };
}

describe("a crash between two writes", () => {
  it.each([0, 1])("never leaves a live key that no record lists (before write %d of a creation)", async (write) => {
    const application = await newApplication(`crash-${write}`);
    await expect(publish(crashingBefore(write), application, application.keys)).rejects.toThrow("crash");
    const listed = (await readApplication(env.KEYS, application.name))?.keys ?? [];
    for (const id of await liveKeys(application)) expect(listed.map((key) => key.id)).toContain(id);
  });

  it("leaves a revoked key dead, though it may still be listed", async () => {
    const application = await newApplication("crash-revoking");
    await publish(env.KEYS, application, application.keys);
    const keys = crashingBefore(1);
    await revoke(keys, application.keys);
    await expect(publish(keys, { ...application, keys: [] }, [])).rejects.toThrow("crash");
    expect(await liveKeys(application)).toEqual([]);
  });
});

describe("keysToReplace", () => {
  function key(id: string, scope: ListedKey["scope"], day: number): ListedKey {
    return { id, scope, hash: id, hint: id, created_at: `2026-01-0${day}T00:00:00.000Z` };
  }

  it.each([
    [[], []],
    [[key("a", "write", 1)], []],
    [[key("a", "write", 1), key("b", "read", 1), key("c", "admin", 1)], []],
    [[key("a", "write", 2), key("b", "write", 1)], ["b"]],
    [
      [key("a", "write", 3), key("b", "write", 1), key("c", "write", 2)],
      ["b", "c"],
    ],
  ])("leaves one live key of the scope beside the new one (%#)", (keys, replaced) => {
    const application: ApplicationRecord = { v: 1, name: "demo", created_at: CREATED, keys };
    expect(keysToReplace(application, "write").map(({ id }) => id)).toEqual(replaced);
  });
});
