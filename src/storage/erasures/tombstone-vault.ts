import * as v from "valibot";
import type { Micros } from "../../model/time/time";
import type { Subject } from "./subject";

/**
 * Tombstones outside D1 (KV, binding `KEYS`): a restored database has forgotten its own, and must be told of them before it
 * opens. KV is always bound, which R2 is not, and what it lacks, fresh reads, a restore does not need.
 *
 * `tombstone:<erasure>:<n>` holds a `Tombstone`. It has hashes only, and the salt by which they are made.
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

/** How the names of tombstones in KV begin: whoever clears KV up leaves them alone. */
export const TOMBSTONE_PREFIX = "tombstone:";

/** Where tombstones are kept outside D1. */
export interface TombstoneVault {
  /** @param part tells the tombstones of one erasure apart; the same again replaces it */
  put(tombstone: Tombstone, part: string): Promise<void>;
  /** All of them, some at a time. */
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
