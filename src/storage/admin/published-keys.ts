import * as v from "valibot";
import { hashOfEntry, type KeyRecord, keyEntry } from "../../model/access-key";
import type { Database } from "../core/databases";
import { messageOf } from "../core/transport-errors";
import { TOMBSTONE_PREFIX } from "../erasures/tombstone-vault";
import { keysOfHashes, listRevisions, type RegisteredKey } from "./registered-keys";

/**
 * Keys in KV, where the edge reads them. The registry in D1 is what counts, and KV is brought in line with it: at once
 * after a change, and by the cron, whatever a crash, a failing KV or two publications at once have left.
 */

/** Kept beside each entry, so that a list of names is enough to find out which entries are out of date. */
const MetadataSchema = v.object({ revision: v.number() });

/** A key that keeps changing while it is published is left to the cron. */
const MAX_ROUNDS = 5;

/** Entries that one run of the cron writes or deletes: an invocation has a limit of subrequests. */
const MAX_REPAIRS = 500;

/**
 * Brings the entries of some keys in line with the registry. What was written is compared with the registry afterwards:
 * of several publications of one key at once, whichever writes last finds the newest state, or writes again.
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

/** What the cron does for keys, once a minute. A failure is logged, and the next minute tries again. */
export async function maintainKeys({ keys, database, log }: KeyMaintenance): Promise<void> {
  try {
    const repaired = await reconcileKeys(keys, database);
    if (repaired > 0) log({ log: "keys", repaired });
  } catch (thrown) {
    log({ log: "keys", failure: messageOf(thrown) });
  }
}

/**
 * Publishes what is missing or out of date, and removes whatever is not in the registry, at most MAX_REPAIRS entries.
 *
 * @returns how many entries were not as they should be
 * @throws what D1 and KV throw
 */
export async function reconcileKeys(keys: KVNamespace, database: Database): Promise<number> {
  const published = await listEntries(keys);
  // Read after KV: no key is published before it is registered, so what is missing here has ended for good.
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
  // What has ended comes first: a key that works and should not is worse than one that does not work yet.
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

/** The names of all entries, with the revision that each was made of; null if it says none. */
async function listEntries(keys: KVNamespace): Promise<Map<string, number | null>> {
  const entries = new Map<string, number | null>();
  let cursor: string | null = null;
  do {
    const page: KVNamespaceListResult<unknown> = await keys.list({ cursor });
    for (const { name, metadata } of page.keys) {
      if (name.startsWith(TOMBSTONE_PREFIX)) continue;
      const read = v.safeParse(MetadataSchema, metadata);
      entries.set(name, read.success ? read.output.revision : null);
    }
    cursor = page.list_complete ? null : page.cursor;
  } while (cursor !== null);
  return entries;
}
