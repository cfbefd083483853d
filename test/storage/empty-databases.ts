import type { Database } from "../../src/storage/core/databases";
import { forgetSeries } from "../../src/storage/counts/series";

const PARTITION_TABLES = `
SELECT name FROM sqlite_master
WHERE type = 'table' AND (name GLOB 'events_[0-9]*' OR name GLOB 'activity_[0-9]*' OR name GLOB 'visits_[0-9]*'
  OR name GLOB 'minutes_[0-9]*')`;

const EMPTIED = [
  ...[
    "partitions",
    "counts",
    "receipt_counts",
    "series_hours",
    "series",
    "errors",
    "error_parts",
    "failures",
    "report_only_failures",
  ],
  ...["replays", "write_probe", "archive_files", "archive_index", "archive_finished", "compactions", "compactor_lease"],
  ...["storage_settings", "retention_log", "retention_checks", "erasures", "tombstones", "erasure_salts"],
  ...["pending_objects", "erased_places", "erased_remainders", "free_space_zeros"],
  ...["properties", "property_counts", "property_sweep"],
  ...["session_counts", "session_sweep"],
];

/**
 * Drops all partitions and deletes everything that the pipeline writes. Partition stores notice it by the map's
 * revision. The cached dimension keys are forgotten, because others will have their numbers.
 */
export async function emptyDatabases(databases: readonly Database[]): Promise<void> {
  for (const database of databases) {
    const { binding } = database;
    forgetSeries(database);
    const { results } = await binding.prepare(PARTITION_TABLES).all<{ name: string }>();
    await binding.batch(
      [
        ...results.map(({ name }) => `DROP TABLE ${name}`),
        ...EMPTIED.map((table) => `DELETE FROM ${table}`),
        "DELETE FROM categories WHERE category <> ''",
        "UPDATE revisions SET revision = revision + 1 WHERE name = 'partitions'",
        "UPDATE revisions SET revision = 0 WHERE name <> 'partitions'",
        "UPDATE free_space SET overwritten = frees, peak_bytes = 0",
      ].map((statement) => binding.prepare(statement)),
    );
  }
}
