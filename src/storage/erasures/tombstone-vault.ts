import * as v from "valibot";
import type { Micros } from "../../model/time/time";
import type { Subject } from "./subject";

/**
 * Tombstones outside D1 (KV, binding `KEYS`). A restored database lacks its latest tombstones and must get them back
 * before it opens. KV is used because it is always bound, unlike R2. It lacks fresh reads, which a restore does not
 * need.
 *
 * `tombstone:<erasure>:<n>` holds a `Tombstone`: only hashes and their salt.
 */
const TombstoneSchema = v.object({
  v: v.literal(1),
  erasure: v.string(),
  kind: v.picklist(["session", "visitor", "error"]),
  salt: v.string(),
  hashes: v.array(v.string()),
  before: v.number(),
});

export type Tombstone = v.InferOutput<typeof TombstoneSchema>;

/** The prefix of tombstones in KV. Whatever cleans KV up must leave them. */
export const TOMBSTONE_PREFIX = "tombstone:";

/** The store of tombstones outside D1. */
export interface TombstoneVault {
  /** @param part distinguishes the tombstones of one erasure; the same part replaces the tombstone */
  put(tombstone: Tombstone, part: string): Promise<void>;
  /** All tombstones, in batches. */
  list(): AsyncGenerator<Tombstone[]>;
}

export function tombstoneVault(keys: KVNamespace): TombstoneVault {
  return {
    async put(tombstone, part) {
      await keys.put(`${TOMBSTONE_PREFIX}${tombstone.erasure}:${part}`, JSON.stringify(tombstone));
    },
    async *list() {
      let cursor: string | null = null;
      do {
        const page: KVNamespaceListResult<unknown, string> = await keys.list({
          prefix: TOMBSTONE_PREFIX,
          cursor,
          limit: 100,
        });
        const texts = await Promise.all(page.keys.map(({ name }) => keys.get(name)));
        yield texts.flatMap((text) => (text === null ? [] : [v.parse(TombstoneSchema, JSON.parse(text))]));
        cursor = page.list_complete ? null : page.cursor;
      } while (cursor !== null);
    },
  };
}

/** @param hashes of subjects of one kind */
export function tombstoneOf(
  { id, before }: { id: string; before: Micros },
  kind: Subject["kind"],
  salt: string,
  hashes: string[],
): Tombstone {
  return { v: 1, erasure: id, kind, salt, hashes, before };
}
