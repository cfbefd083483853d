import type { Config } from "../model/config";
import { readStorageSettings } from "../storage/admin/storage-settings";
import { type ArchiveBucket, archiveOf } from "../storage/archive/archive-bucket";
import { type Database, databasesOf, firstDatabase } from "../storage/core/databases";
import { type CompactionSettings, compactionSettings } from "./compaction-settings";

/** The compactor's dependencies, passed in so that a simulation can make each of them fail. */
export interface CompactionIo {
  databases: readonly Database[];
  /** Null if nothing is archived. */
  archive: ArchiveBucket | null;
  settings: CompactionSettings;
  log: (line: Record<string, unknown>) => void;
}

/**
 * The compactor's dependencies, from the Worker's bindings and the settings of storage.
 *
 * @throws what D1 throws
 */
export async function compactionIoOf(env: Env, config: Config, log: CompactionIo["log"]): Promise<CompactionIo> {
  const databases = databasesOf(env);
  const { settings } = await readStorageSettings(firstDatabase(databases));
  return { databases, archive: archiveOf(env), settings: compactionSettings(config, settings), log };
}
