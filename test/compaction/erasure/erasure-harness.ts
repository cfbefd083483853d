import { env } from "cloudflare:workers";
import type { ErasureIo } from "../../../src/compaction/erasure/erasure-io";
import { tombstoneVault } from "../../../src/storage/erasures/tombstone-vault";
import { databases, LATER } from "../harness";

/** What the steps of an erasure need. Messages are dropped, unless a test keeps them. */
export function erasureIo(changes: Partial<ErasureIo> = {}): ErasureIo {
  return {
    ...{ databases, archive: env.ARCHIVE, vault: tombstoneVault(env.KEYS) },
    ...{ transactionsPerStep: 40, futureToleranceMicros: 0, now: () => LATER },
    sendErasure: async () => {},
    log: () => {},
    ...changes,
  };
}
