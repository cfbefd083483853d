import * as v from "valibot";
import { MAX_ID_CHARACTERS } from "../../model/limits";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";

/** The settings of storage, in the first database. */

const days = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(36_500));

const RetentionSchema = v.strictObject({ events_days: v.nullable(days), errors_days: v.nullable(days) });

export type RetentionDays = v.InferOutput<typeof RetentionSchema>;

/** Applications with their own retention. Each costs a query of the manifest an hour. */
const MAX_APPLICATIONS = 100;

export const StorageSettingsSchema = v.strictObject({
  hot_days: v.pipe(
    v.number(),
    v.safeInteger(),
    v.minValue(1),
    v.maxValue(3_650),
    v.description(
      "How long events stay in the databases after their partition has ended. They are then moved to the archive.",
    ),
  ),
  hot_bytes: v.pipe(
    v.number(),
    v.safeInteger(),
    v.minValue(100_000_000),
    v.maxValue(9_000_000_000),
    v.description("The size of a database above which its oldest closed partition is archived early."),
  ),
  retention: v.pipe(
    v.strictObject({
      ...RetentionSchema.entries,
      applications: v.pipe(
        v.optional(
          v.pipe(
            v.record(v.pipe(v.string(), v.maxLength(MAX_ID_CHARACTERS)), RetentionSchema),
            v.check(
              (all) => Object.keys(all).length <= MAX_APPLICATIONS,
              `expected at most ${MAX_APPLICATIONS} applications`,
            ),
          ),
          {},
        ),
        v.description(
          "Shorter periods for the events and errors of single applications, by the name of the application.",
        ),
      ),
    }),
    v.description("The days after which events and errors are deleted for good. null: they are kept."),
  ),
});

export type StorageSettings = v.InferOutput<typeof StorageSettingsSchema>;

export const DEFAULT_STORAGE_SETTINGS: StorageSettings = {
  hot_days: 30,
  hot_bytes: 6_000_000_000,
  retention: { events_days: null, errors_days: null, applications: {} },
};

export interface StoredSettings {
  settings: StorageSettings;
  /** Null if never set, in which case these are the defaults. */
  changedAt: Micros | null;
}

/** @throws what D1 throws */
export async function readStorageSettings({ binding }: Database): Promise<StoredSettings> {
  const row = await binding
    .prepare("SELECT settings, changed_at FROM storage_settings WHERE id = 1")
    .first<{ settings: string; changed_at: Micros }>();
  if (row === null) return { settings: DEFAULT_STORAGE_SETTINGS, changedAt: null };
  return { settings: v.parse(StorageSettingsSchema, JSON.parse(row.settings)), changedAt: row.changed_at };
}

/** @throws what D1 throws */
export async function saveStorageSettings(
  { binding }: Database,
  settings: StorageSettings,
  now: Micros,
): Promise<void> {
  await binding
    .prepare(
      `INSERT INTO storage_settings (id, settings, changed_at) VALUES (1, ?1, ?2)
       ON CONFLICT DO UPDATE SET settings = excluded.settings, changed_at = excluded.changed_at`,
    )
    .bind(JSON.stringify(settings), now)
    .run();
}
