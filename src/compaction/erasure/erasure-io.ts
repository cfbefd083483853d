import { configOf } from "../../model/configuration";
import type { ErasureMessage } from "../../model/erasure";
import type { Micros } from "../../model/time/time";
import { type ArchiveBucket, archiveOf } from "../../storage/archive/archive-bucket";
import { type Database, databasesOf } from "../../storage/core/databases";
import { type TombstoneVault, tombstoneVault } from "../../storage/erasures/tombstone-vault";

/** The dependencies of erasures. */
export interface ErasureIo {
  databases: Database[];
  vault: TombstoneVault;
  /** Null if the deployment has no archive. */
  archive: ArchiveBucket | null;
  /** Requests a step after a delay in seconds. Resolves once the queue has the message. */
  sendErasure: (message: ErasureMessage, delaySeconds: number) => Promise<void>;
  /** The transactions that one step may make. */
  transactionsPerStep: number;
  /** How far an event's timestamp may be after its receipt. */
  futureToleranceMicros: number;
  now: () => Micros;
  log: (line: Record<string, unknown>) => void;
}

/** About 10,000 events. Their queries are about half of what an invocation may make. */
export const TRANSACTIONS_PER_STEP = 40;

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
    futureToleranceMicros: configOf(env).futureToleranceMicros,
    now: () => Date.now() * 1000,
    log,
  };
}
