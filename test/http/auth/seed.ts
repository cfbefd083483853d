import { env } from "cloudflare:workers";
import { hashKey } from "../../../src/http/auth/keys";
import { type KeyRecord, keyEntry, type Scope } from "../../../src/model/keys/access-key";

/** Stores a key in the test's own KV. */
export async function seedKey(key: string, scope: Scope, more: Partial<KeyRecord> = {}): Promise<void> {
  const record: KeyRecord = {
    v: 1,
    application: "demo",
    scope,
    id: crypto.randomUUID(),
    ...more,
  };
  await env.KEYS.put(keyEntry(await hashKey(key)), JSON.stringify(record));
}

/** The keys of a developer's machine, for the application `demo`. */
export async function seedLocalKeys(): Promise<void> {
  await env.DB.prepare("INSERT OR IGNORE INTO applications (name, created_at) VALUES ('demo', 0)").run();
  await seedKey("eye_w_local", "write");
  await seedKey("eye_r_local", "read");
  await seedKey("eye_a_local", "admin");
}
