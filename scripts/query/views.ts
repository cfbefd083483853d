/** The columns of the archive's files, for the view of a kind that has no files yet. A test compares them with the files. */
export const VIEW_COLUMNS = {
  events: {
    ...{ occurred_at: "TIMESTAMP", received_at: "TIMESTAMP", session_id: "VARCHAR", id: "VARCHAR" },
    ...{ application: "VARCHAR", category: "VARCHAR", name: "VARCHAR", visitor_id: "VARCHAR" },
    ...{ data: "VARCHAR", context: "VARCHAR", extra: "VARCHAR" },
  },
  errors: {
    ...{ received_at: "TIMESTAMP", id: "VARCHAR", application: "VARCHAR", session_id: "VARCHAR", category: "VARCHAR" },
    ...{ name: "VARCHAR", event_id: "VARCHAR", issues: "VARCHAR", content: "VARCHAR", parts: "INTEGER" },
    ...{ resolved_at: "TIMESTAMP", resolved_session: "VARCHAR", resolved_event_id: "VARCHAR" },
    ...{ resolved_occurred_at: "TIMESTAMP", replayed_at: "TIMESTAMP", replay_id: "VARCHAR" },
  },
} as const;

export type ViewName = keyof typeof VIEW_COLUMNS;

const FOLDERS = { day: "DATE", hour: "INTEGER", db: "INTEGER" };

/** A text as an SQL literal. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The statement that makes a view over the files below a root: a folder, or `r2://bucket`. */
export function viewOverFiles(name: ViewName, root: string): string {
  const types = Object.entries(FOLDERS).map(([column, type]) => `'${column}': ${type}`);
  const glob = quoted(`${root}/${name}/*/*/*/*.parquet`);
  return `CREATE OR REPLACE VIEW ${name} AS SELECT *
    FROM read_parquet(${glob}, hive_partitioning = true, hive_types = {${types.join(", ")}}, union_by_name = true)`;
}

/** The statement that makes a view without rows. */
export function emptyView(name: ViewName): string {
  const columns = Object.entries({ ...VIEW_COLUMNS[name], ...FOLDERS });
  const list = columns.map(([column, type]) => `NULL::${type} AS ${column}`);
  return `CREATE OR REPLACE VIEW ${name} AS SELECT ${list.join(", ")} WHERE false`;
}
