import { createHash } from "node:crypto";

/** The fixed keys of the local mode. Only the local state has them; no deployment does. */
export const LOCAL_KEYS = { write: "eye_w_local", read: "eye_r_local", admin: "eye_a_local" } as const;

export const LOCAL_APPLICATION = "demo";

/** A line of the file that `wrangler kv bulk put` takes. */
export interface KvPair {
  key: string;
  value: string;
  metadata: { revision: number };
}

const KEYS = Object.entries(LOCAL_KEYS).map(([scope, key]) => ({
  id: `local-${scope}`,
  scope,
  hash: createHash("sha256").update(key).digest("hex"),
  hint: key.slice(-4),
}));

/** The local keys as they are published in KV: see src/storage/keys/published-keys.ts. */
export function localKeyRecords(): KvPair[] {
  return KEYS.map(({ id, scope, hash }) => ({
    key: `key:${hash}`,
    value: JSON.stringify({ v: 1, application: LOCAL_APPLICATION, id, scope }),
    metadata: { revision: 1 },
  }));
}

/** SQL that adds the application `demo` and its keys to the registry, if they are missing. */
export function localKeyStatements(now: Date): string {
  const createdAt = now.getTime() * 1000;
  const rows = KEYS.map(
    ({ id, scope, hash, hint }) =>
      `('${id}', '${LOCAL_APPLICATION}', '${scope}', '${hash}', '${hint}', ${createdAt}, 1)`,
  );
  return `INSERT OR IGNORE INTO applications (name, created_at) VALUES ('${LOCAL_APPLICATION}', ${createdAt});
INSERT OR IGNORE INTO application_keys (id, application, scope, hash, hint, created_at, revision) VALUES
  ${rows.join(",\n  ")};
`;
}
