import type { Config } from "../model/config";
import type { Micros } from "../model/time/time";
import { DAY_MICROS, HOUR_MICROS } from "../model/time/units";
import type { RetentionDays, StorageSettings } from "../storage/admin/storage-settings";
import { FILE_LIMITS, type FileLimits } from "../storage/archive/limits";

/** The ages at which data is deleted for good; null: it is kept. */
export interface RetentionRule {
  eventsMicros: Micros | null;
  errorsMicros: Micros | null;
}

/** When data leaves the databases and the archive. */
export interface CompactionSettings {
  /** How long a partition stays in the databases after its end. */
  hotMicros: Micros;
  /** If a database is larger than this, its oldest closed partition is archived early. */
  hotBytes: number;
  /** The delay between sealing a partition and copying it. */
  graceMicros: Micros;
  /** The interval between two flushes of a late lane. */
  lateMicros: Micros;
  /** How long errors stay in the databases after their receipt, and the length of the time ranges that are moved. */
  errors: { hotMicros: Micros; everyMicros: Micros };
  retention: RetentionRule & {
    /** Applications with shorter periods. */
    applications: readonly (RetentionRule & { application: string })[];
    /** The interval after which a rule that had nothing to delete is checked again. */
    checkMicros: Micros;
  };
  /** The limits of a file. */
  fileLimits: FileLimits;
}

/** The interval between two flushes of a late lane, unless HOT_SECONDS shortens it. */
const LATE_MICROS: Micros = DAY_MICROS;

/**
 * The queue keeps messages for 14 days. If an error is delivered again in that time, its row must still be there, or it is
 * counted twice.
 */
const MIN_ERROR_DAYS = 15;

/** The settings in force: those of the deployment, which HOT_SECONDS and GRACE_SECONDS shorten for trials. */
export function compactionSettings(
  { hotMicros, graceMicros }: Pick<Config, "hotMicros" | "graceMicros">,
  { hot_days, hot_bytes, retention }: StorageSettings,
): CompactionSettings {
  const everything = ruleOf(retention);
  const applications = Object.entries(retention.applications).map(([application, own]) => ({
    application,
    ...shorterOf(ruleOf(own), everything),
  }));
  const shortest = applications.flatMap(({ eventsMicros }) => eventsMicros ?? []);
  return {
    // An application's events are deleted from the archive, so they must have left the databases by then.
    hotMicros: Math.min(hotMicros ?? hot_days * DAY_MICROS, ...shortest),
    hotBytes: hot_bytes,
    graceMicros,
    lateMicros: hotMicros === null ? LATE_MICROS : graceMicros,
    errors: {
      hotMicros: hotMicros ?? Math.max(hot_days, MIN_ERROR_DAYS) * DAY_MICROS,
      everyMicros: hotMicros === null ? HOUR_MICROS : Math.max(graceMicros, 1_000_000),
    },
    retention: { ...everything, applications, checkMicros: hotMicros === null ? HOUR_MICROS : 0 },
    fileLimits: FILE_LIMITS,
  };
}

function ruleOf({ events_days, errors_days }: RetentionDays): RetentionRule {
  const inMicros = (days: number | null) => (days === null ? null : days * DAY_MICROS);
  return { eventsMicros: inMicros(events_days), errorsMicros: inMicros(errors_days) };
}

/** The periods of a rule that are shorter than the general ones; null for the others. */
function shorterOf(own: RetentionRule, everything: RetentionRule): RetentionRule {
  const shorter = (a: Micros | null, b: Micros | null) => (a === null || (b !== null && b <= a) ? null : a);
  return {
    eventsMicros: shorter(own.eventsMicros, everything.eventsMicros),
    errorsMicros: shorter(own.errorsMicros, everything.errorsMicros),
  };
}
