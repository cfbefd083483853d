import { env } from "cloudflare:workers";
import { hashKey, type KeyRecord, keyEntry, type Scope } from "../../../src/http/auth/keys";

/** Makes a key live in the test's own KV. */
export async function seedKey(key: string, scope: Scope, more: Partial<KeyRecord> = {}): Promise<void> {
  const record: KeyRecord = {
    v: 1,
    application: "demo",
    scope,
    id: crypto.randomUUID(),
    created_at: "2026-01-01T00:00:00.000Z",
    ...more,
  };
  await env.KEYS.put(keyEntry(await hashKey(key)), JSON.stringify(record));
}

/** The keys of a developer's machine, for the application `demo`. */
export async function seedLocalKeys(): Promise<void> {
  await seedKey("eye_w_local", "write");
  await seedKey("eye_r_local", "read");
  await seedKey("eye_a_local", "admin");
}
