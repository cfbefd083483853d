import * as v from "valibot";
import { KV_CACHE_SECONDS } from "../../http/auth/authenticate";
import {
  APPLICATION_PREFIX,
  type ApplicationRecord,
  ApplicationRecordSchema,
  applicationEntry,
  generateKey,
  hashKey,
  hintOf,
  type KeyRecord,
  keyEntry,
  type ListedKey,
  type Scope,
} from "../../http/auth/keys";

/**
 * Applications and their keys in KV.
 *
 * A record is written before the entries of its new keys, and entries are deleted before the record that lists them, so
 * that no crash leaves a live key that cannot be seen. KV has no transactions and shows a change elsewhere within about a
 * minute: two administrators who change one application within that time may undo each other's change.
 */

/** How many keys of one scope an application may have, so that the old one works until the new one is everywhere. */
export const MAX_LIVE_KEYS_PER_SCOPE = 2;

/** A new key as it is shown, once. */
export interface NewKey {
  key: string;
  listed: ListedKey;
}

export async function createKey(scope: Scope, origins: readonly string[] | undefined, now: Date): Promise<NewKey> {
  const key = generateKey(scope);
  const listed = {
    id: crypto.randomUUID(),
    scope,
    hash: await hashKey(key),
    hint: hintOf(key),
    created_at: now.toISOString(),
    ...(origins === undefined ? {} : { origins: [...origins] }),
  };
  return { key, listed };
}

export async function readApplication(keys: KVNamespace, name: string): Promise<ApplicationRecord | null> {
  const found: unknown = await keys.get(applicationEntry(name), { type: "json", cacheTtl: KV_CACHE_SECONDS });
  return found === null ? null : v.parse(ApplicationRecordSchema, found);
}

/** A page of applications in the order of their names, and the cursor of the next, if there is one. */
export async function listApplications(
  keys: KVNamespace,
  limit: number,
  cursor: string | null,
): Promise<{ applications: ApplicationRecord[]; cursor: string | null }> {
  const page = await keys.list({ prefix: APPLICATION_PREFIX, limit, cursor });
  const names = page.keys.map(({ name }) => name);
  // One operation for the whole page; KV takes at most 100 names.
  const found = names.length === 0 ? new Map() : await keys.get<unknown>(names, "json");
  // A record that was just deleted may still be listed.
  const records = names.map((name) => found.get(name)).filter((record) => record !== null && record !== undefined);
  return {
    applications: records.map((record) => v.parse(ApplicationRecordSchema, record)),
    cursor: page.list_complete ? null : page.cursor,
  };
}

/** Writes a record that lists new keys, then makes the keys live. */
export async function publish(
  keys: KVNamespace,
  application: ApplicationRecord,
  fresh: readonly ListedKey[],
): Promise<void> {
  await keys.put(applicationEntry(application.name), JSON.stringify(application));
  await Promise.all(
    fresh.map(({ hash, hint: _, ...shared }) => {
      const record: KeyRecord = { v: 1, application: application.name, ...shared };
      return keys.put(keyEntry(hash), JSON.stringify(record));
    }),
  );
}

/** Ends keys. The record that lists them is to be written or deleted after it. */
export async function revoke(keys: KVNamespace, revoked: readonly ListedKey[]): Promise<void> {
  await Promise.all(revoked.map(({ hash }) => keys.delete(keyEntry(hash))));
}

export async function deleteRecord(keys: KVNamespace, name: string): Promise<void> {
  await keys.delete(applicationEntry(name));
}

/** The keys that must end so that one more of a scope may live: the oldest of those that exist. */
export function keysToReplace(application: ApplicationRecord, scope: Scope): ListedKey[] {
  const live = application.keys
    .filter((key) => key.scope === scope)
    .sort((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at));
  return live.slice(0, Math.max(0, live.length - (MAX_LIVE_KEYS_PER_SCOPE - 1)));
}
