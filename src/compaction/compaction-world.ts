import type { Config } from "../model/config";
import type { Micros } from "../model/time/time";
import { readStorageSettings, type StorageSettings } from "../storage/admin/storage-settings";
import { type ArchiveBucket, archiveOf } from "../storage/archive/archive-bucket";
import { FILE_LIMITS, type FileLimits } from "../storage/archive/limits";
import { type Database, databasesOf, firstDatabase } from "../storage/core/databases";

/** When data leaves the databases, and the archive. */
export interface CompactionSettings {
  /** How long a partition stays in the databases after its end. */
  hotMicros: Micros;
  /** Above this size of a database its oldest closed partition is archived early. */
  hotBytes: number;
  /** From sealing a partition until it is copied. */
  graceMicros: Micros;
  /** How often late lanes are emptied. */
  lateMicros: Micros;
  /** After so long events and errors are deleted for good; null: they are kept. */
  retention: { eventsMicros: Micros | null; errorsMicros: Micros | null };
  /** What a file may hold. */
  fileLimits: FileLimits;
}

/** What the compactor needs of the world. Handed in, so that a simulation can let any of it fail. */
export interface CompactionWorld {
  databases: readonly Database[];
  /** Null: nothing is archived. */
  archive: ArchiveBucket | null;
  settings: CompactionSettings;
  log: (line: Record<string, unknown>) => void;
}

const DAY: Micros = 86_400_000_000;

/** How often late lanes are emptied, unless HOT_SECONDS shortens everything. */
const LATE_MICROS: Micros = DAY;

/** The settings in force: those of the deployment, which HOT_SECONDS and GRACE_SECONDS shorten for trials. */
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

/** What the compactor works with, as an environment binds it. */
export async function compactionWorldOf(
  env: Env,
  config: Config,
  log: CompactionWorld["log"],
): Promise<CompactionWorld> {
  const databases = databasesOf(env);
  const { settings } = await readStorageSettings(firstDatabase(databases));
  return { databases, archive: archiveOf(env), settings: compactionSettings(config, settings), log };
}
