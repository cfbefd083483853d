/** One of the databases that hold the events. Its index never changes once it is in use. */
export interface Database {
  index: number;
  binding: D1Database;
  /** Counts the rows that one request reads, if its response reports them. */
  meter?: RowMeter;
}

/** Rows read, as D1 bills them. */
export interface RowMeter {
  rowsRead: number;
}

/** The same databases with a meter for the queries of one request. */
export function metered(databases: readonly Database[]): { databases: Database[]; meter: RowMeter } {
  const meter: RowMeter = { rowsRead: 0 };
  return { databases: databases.map((database) => ({ ...database, meter })), meter };
}

/**
 * The databases bound to the Worker: `DB`, then `DB_1`, `DB_2` and so on without a gap.
 *
 * @throws Error with the fix for wrangler.toml, if one is missing
 */
export function databasesOf(env: object): Database[] {
  const bindings = new Map(Object.entries(env).filter(([name]) => /^DB(_[1-9]\d*)?$/.test(name)));
  return Array.from({ length: bindings.size }, (_, index) => {
    const name = index === 0 ? "DB" : `DB_${index}`;
    const binding: unknown = bindings.get(name);
    if (!isDatabase(binding)) {
      throw new Error(
        `The binding ${name} is missing. Name databases DB, DB_1, DB_2 … in [[d1_databases]], without a gap.`,
      );
    }
    return { index, binding };
  });
}

function isDatabase(binding: unknown): binding is D1Database {
  return typeof binding === "object" && binding !== null && "prepare" in binding;
}

/** The database for everything other than events: the partition map, event types, replays, alerts. */
export function firstDatabase([database]: readonly Database[]): Database {
  if (database === undefined) throw new Error("The binding DB is missing.");
  return database;
}
