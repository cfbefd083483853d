/** A promise of the compactor that is broken on purpose, to show that the simulation notices. */
export type ArchiveSabotage =
  | "none"
  /** A partition is published and dropped before all of it is copied, and nobody compares. */
  | "published_before_copied"
  /** Late events are moved without being counted. */
  | "late_uncounted"
  /** Late copies of archived events are archived too. */
  | "copies_kept"
  /** Free pages are not overwritten after a partition is dropped. */
  | "pages_kept";

/** The statements of the compactor, changed. */
export function sabotagedSql(sabotage: ArchiveSabotage, sql: string): string {
  switch (sabotage) {
    case "published_before_copied":
      return sql
        .replace(
          "SELECT database, started_at, copied, rows, done FROM",
          "SELECT database, started_at, copied, rows, 1 AS done FROM",
        )
        .replace(
          "SELECT database, sum(rows) AS rows FROM archive_files",
          "SELECT database, 0 AS rows FROM archive_files",
        )
        .replace(/SELECT \(SELECT count\(\*\) FROM events_\w+\) AS rows/, "SELECT 0 AS rows");
    case "late_uncounted":
      return sql.includes("INSERT INTO counts") ? "SELECT ?1, ?2" : sql;
    case "copies_kept":
      return sql.replace("WHERE i.bucket = bucket.value", "WHERE false AND i.bucket = bucket.value");
    case "pages_kept":
      return sql.replace("SELECT frees, overwritten", "SELECT frees, frees AS overwritten");
    default:
      return sql;
  }
}
