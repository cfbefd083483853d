import { archiveOf } from "../../storage/archive/archive-bucket";
import { databasesOf } from "../../storage/core/databases";
import { tombstoneVault } from "../../storage/erasures/tombstone-vault";
import { type ErasureIo, TRANSACTIONS_PER_STEP } from "./erasure-step";

/** The dependencies of erasures, from the bindings of the Worker. */
export function erasureIoOf(env: Env, log: ErasureIo["log"]): ErasureIo {
  return {
    databases: databasesOf(env),
    archive: archiveOf(env),
    vault: tombstoneVault(env.KEYS),
    sendErasure: async (message, delaySeconds) => {
      await env.ERASURES.send(message, { delaySeconds });
    },
    transactionsPerStep: TRANSACTIONS_PER_STEP,
    now: () => Date.now() * 1000,
    log,
  };
}
