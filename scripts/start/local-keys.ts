import { createHash } from "node:crypto";

/** The fixed keys of a developer's machine. Only the local key store ever holds them; no deployment does. */
export const LOCAL_KEYS = { write: "eye_w_local", read: "eye_r_local", admin: "eye_a_local" } as const;

export const LOCAL_APPLICATION = "demo";

/** A line of the file that `wrangler kv bulk put` takes. */
export interface KvPair {
  key: string;
  value: string;
}

/** The records of the application `demo` and its keys, as src/http/auth/keys.ts describes them. */
export function localKeyRecords(now: Date): KvPair[] {
  const created_at = now.toISOString();
  const keys = Object.entries(LOCAL_KEYS).map(([scope, key]) => ({
    shared: { id: `local-${scope}`, scope, created_at },
    hash: createHash("sha256").update(key).digest("hex"),
    hint: key.slice(-4),
  }));
  const application = {
    v: 1,
    name: LOCAL_APPLICATION,
    created_at,
    keys: keys.map(({ shared, hash, hint }) => ({ ...shared, hash, hint })),
  };
  return [
    { key: `application:${LOCAL_APPLICATION}`, value: JSON.stringify(application) },
    ...keys.map(({ shared, hash }) => ({
      key: `key:${hash}`,
      value: JSON.stringify({ v: 1, application: LOCAL_APPLICATION, ...shared }),
    })),
  ];
}
