import type { KeyRecord } from "../../model/keys/access-key";

/** Cached keys of each kind, found and not found: about 1 KB each in an isolate of 128 MB. */
export const MAX_CACHED_KEYS = 1_000;

/** How long a key that was not found is treated as absent. It is short, so that a new key works soon. */
export const ABSENT_KEY_CACHE_MS = 5_000;

interface Entry {
  record: KeyRecord | null;
  until: number;
}

/**
 * The keys that an isolate has looked up, bounded in number and time.
 *
 * Found and absent keys are stored separately, so a flood of invented keys cannot evict the real ones. Entries are
 * stored under the key itself, which never leaves memory: hashing it would cost more than the rest of the look-up.
 */
export class KeyCache {
  readonly #found = new Map<string, Entry>();
  readonly #absent = new Map<string, Entry>();

  constructor(private readonly now: () => number = Date.now) {}

  /** The key's record, null if the key is known to be absent, undefined if nothing is known. */
  get(key: string): KeyRecord | null | undefined {
    const entry = this.#found.get(key) ?? this.#absent.get(key);
    return entry !== undefined && entry.until > this.now() ? entry.record : undefined;
  }

  set(key: string, record: KeyRecord | null, lifetimeMs: number): void {
    const [entries, others] = record === null ? [this.#absent, this.#found] : [this.#found, this.#absent];
    const longest = record === null ? Math.min(lifetimeMs, ABSENT_KEY_CACHE_MS) : lifetimeMs;
    others.delete(key);
    entries.delete(key);
    if (entries.size >= MAX_CACHED_KEYS) dropOldest(entries);
    entries.set(key, { record, until: this.now() + longest });
  }

  /** Removes revoked keys from this isolate at once. Other isolates keep them until they expire. */
  forget(ids: readonly string[]): void {
    for (const [key, { record }] of this.#found) {
      if (record !== null && ids.includes(record.id)) this.#found.delete(key);
    }
  }
}

/** A Map iterates in the order of insertion. */
function dropOldest(entries: Map<string, Entry>): void {
  const oldest = entries.keys().next();
  if (!oldest.done) entries.delete(oldest.value);
}
