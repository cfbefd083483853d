import * as v from "valibot";
import { hashOfEntry, type KeyRecord, keyEntry } from "../../model/keys/access-key";
import type { Database } from "../core/databases";
import { messageOf } from "../core/transport-errors";
import { VAULT_PREFIX } from "../erasures/tombstone-vault";
import { keysOfHashes, listRevisions, type RegisteredKey } from "./registered-keys";

/**
 * Publishes keys to KV, where the edge reads them. The registry in D1 is the source of truth. KV is reconciled with
 * it at once after a change, and by the cron after a crash, a failure of KV or concurrent publications.
 */

/** Stored as metadata of each entry, so that listing names is enough to find outdated entries. */
const MetadataSchema = v.object({ revision: v.number() });

/** A key that keeps changing during its publication is left to the cron. */
const MAX_ROUNDS = 5;

/** The entries that one run of the cron writes or deletes: an invocation has a limit of subrequests. */
const MAX_REPAIRS = 500;

/**
 * Reconciles the entries of the given keys with the registry. Each written entry is compared with the registry
 * again. So of several concurrent publications of a key, the last writer finds the newest state or writes again.
 *
 * @throws what D1 and KV throw
 */
export async function publishKeys(keys: KVNamespace, database: Database, hashes: readonly string[]): Promise<void> {
  let left = [...hashes];
  let registered = await keysOfHashes(database, left);
  for (let round = 0; round < MAX_ROUNDS && left.length > 0; round++) {
    const written = registered;
    await Promise.all(left.map((hash) => write(keys, hash, written.get(hash))));
    registered = await keysOfHashes(database, left);
    left = left.filter((hash) => registered.get(hash)?.revision !== written.get(hash)?.revision);
  }
}

export interface KeyMaintenance {
  keys: KVNamespace;
  database: Database;
  log: (line: Record<string, unknown>) => void;
}

/** The cron's work for keys, once a minute. A failure is logged, and the next minute tries again. */
export async function maintainKeys({ keys, database, log }: KeyMaintenance): Promise<void> {
  try {
    const repaired = await reconcileKeys(keys, database);
    if (repaired > 0) log({ log: "keys", repaired });
  } catch (thrown) {
    log({ log: "keys", failure: messageOf(thrown) });
  }
}

/**
 * Publishes missing and outdated entries, and removes entries that are not in the registry, at most MAX_REPAIRS in
 * all.
 *
 * @returns how many entries were wrong
 * @throws what D1 and KV throw
 */
export async function reconcileKeys(keys: KVNamespace, database: Database): Promise<number> {
  const published = await listEntries(keys);
  // Read after KV: a key is registered before it is published, so an entry that is missing here was revoked.
  const registered = await listRevisions(database);
  const unlisted = [...published.keys()].filter((name) => hashOfEntry(name) === null);
  const ended = [...published.keys()].flatMap((name) => {
    const hash = hashOfEntry(name);
    return hash === null || registered.has(hash) ? [] : [hash];
  });
  const outdated = [...registered].flatMap(([hash, revision]) =>
    published.get(keyEntry(hash)) === revision ? [] : [hash],
  );
  await Promise.all(unlisted.slice(0, MAX_REPAIRS).map((name) => keys.delete(name)));
  // Revoked keys come first: a key that still works is worse than one that does not work yet.
  await publishKeys(keys, database, [...ended, ...outdated].slice(0, MAX_REPAIRS));
  return unlisted.length + ended.length + outdated.length;
}

async function write(keys: KVNamespace, hash: string, key: RegisteredKey | undefined): Promise<void> {
  if (key === undefined) {
    await keys.delete(keyEntry(hash));
    return;
  }
  const metadata: v.InferOutput<typeof MetadataSchema> = { revision: key.revision };
  await keys.put(keyEntry(hash), JSON.stringify(recordOf(key)), { metadata });
}

function recordOf({ application, id, scope, origins, applications }: RegisteredKey): KeyRecord {
  return {
    v: 1,
    ...{ application, id, scope },
    ...(origins === null ? {} : { origins: [...origins] }),
    ...(applications === null ? {} : { applications: [...applications] }),
  };
}

/** The names of all entries with the revisions they were made from; null for an entry without one. */
async function listEntries(keys: KVNamespace): Promise<Map<string, number | null>> {
  const entries = new Map<string, number | null>();
  let cursor: string | null = null;
  do {
    const page: KVNamespaceListResult<unknown> = await keys.list({ cursor });
    for (const { name, metadata } of page.keys) {
      if (name.startsWith(VAULT_PREFIX)) continue;
      const read = v.safeParse(MetadataSchema, metadata);
      entries.set(name, read.success ? read.output.revision : null);
    }
    cursor = page.list_complete ? null : page.cursor;
  } while (cursor !== null);
  return entries;
}
