import type { Config } from "../model/config";
import type { Micros } from "../model/time/time";
import { readStorageSettings, type StorageSettings } from "../storage/admin/storage-settings";
import { type ArchiveBucket, archiveOf } from "../storage/archive/archive-bucket";
import { FILE_LIMITS, type FileLimits } from "../storage/archive/limits";
import { type Database, databasesOf, firstDatabase } from "../storage/core/databases";

/** When data moves from the databases to the archive, and when it is deleted. */
export interface CompactionSettings {
  /** How long a partition stays in the databases after its end. */
  hotMicros: Micros;
  /** If a database is larger than this, its oldest closed partition is archived early. */
  hotBytes: number;
  /** The delay between sealing a partition and copying it. */
  graceMicros: Micros;
  /** The interval between two flushes of a late lane. */
  lateMicros: Micros;
  /** The ages at which events and errors are deleted permanently, or null to keep them. */
  retention: { eventsMicros: Micros | null; errorsMicros: Micros | null };
  /** The limits of a file. */
  fileLimits: FileLimits;
}

/** The compactor's dependencies. They are passed in so that a simulation can make any of them fail. */
export interface CompactionWorld {
  databases: readonly Database[];
  /** Null if nothing is archived. */
  archive: ArchiveBucket | null;
  settings: CompactionSettings;
  log: (line: Record<string, unknown>) => void;
}

const DAY: Micros = 86_400_000_000;

/** The interval between two flushes of a late lane, unless HOT_SECONDS shortens it. */
const LATE_MICROS: Micros = DAY;

/** The settings in force: those of the deployment, shortened by HOT_SECONDS and GRACE_SECONDS for trials. */
export function compactionSettings(
  { hotMicros, graceMicros }: Pick<Config, "hotMicros" | "graceMicros">,
  { hot_days, hot_bytes, retention }: StorageSettings,
): CompactionSettings {
  const inMicros = (days: number | null) => (days === null ? null : days * DAY);
  return {
    hotMicros: hotMicros ?? hot_days * DAY,
    hotBytes: hot_bytes,
    graceMicros,
    lateMicros: hotMicros === null ? LATE_MICROS : graceMicros,
    retention: { eventsMicros: inMicros(retention.events_days), errorsMicros: inMicros(retention.errors_days) },
    fileLimits: FILE_LIMITS,
  };
}

/** The compactor's dependencies, from the bindings of the Worker. */
export async function compactionWorldOf(
  env: Env,
  config: Config,
  log: CompactionWorld["log"],
): Promise<CompactionWorld> {
  const databases = databasesOf(env);
  const { settings } = await readStorageSettings(firstDatabase(databases));
  return { databases, archive: archiveOf(env), settings: compactionSettings(config, settings), log };
}
