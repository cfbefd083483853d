import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { ArchiveBucket } from "../../src/storage/archive/archive-bucket";
import type { Database } from "../../src/storage/core/databases";

/**
 * A database of D1's interface in this process, so that its work counts with that of the code around it.
 *
 * @param file where it is; in memory by default
 */
export function sqliteDatabase(file = ":memory:"): { database: Database; sqlite: DatabaseSync } {
  const sqlite = new DatabaseSync(file);
  const migrations = join(import.meta.dirname, "../../migrations");
  for (const name of readdirSync(migrations).sort()) sqlite.exec(readFileSync(join(migrations, name), "utf8"));
  return { database: databaseIn(sqlite), sqlite };
}

/** The interface of D1 for a database that is open, with its tables. */
export function databaseIn(sqlite: DatabaseSync): Database {
  return { index: 0, binding: bindingOf(sqlite) as unknown as Database["binding"] };
}

interface Statement {
  bind: (...values: SQLInputValue[]) => Statement;
  all: () => Promise<{ results: unknown[]; meta: { changes: number; size_after: number } }>;
  run: Statement["all"];
  first: (column?: string) => Promise<unknown>;
  raw: () => Promise<unknown[][]>;
}

function bindingOf(sqlite: DatabaseSync) {
  // Without free pages, like workerd.
  const size = sqlite.prepare(`SELECT page_size * (page_count - freelist_count) AS bytes
    FROM pragma_page_size, pragma_page_count, pragma_freelist_count`);
  function statement(sql: string, values: SQLInputValue[]): Statement {
    const rows = () => sqlite.prepare(sql).all(...values);
    const all = async () => {
      const results = rows();
      const changes = Number(sqlite.prepare("SELECT changes() AS n").get()?.n);
      return { results, meta: { changes, size_after: Number(size.get()?.bytes) } };
    };
    return {
      ...{ bind: (...bound: SQLInputValue[]) => statement(sql, bound), all, run: all },
      first: async (column) => {
        const [row] = rows();
        return row === undefined ? null : column === undefined ? row : row[column];
      },
      raw: async () => rows().map((row) => Object.values(row)),
    };
  }
  const binding = {
    prepare: (sql: string) => statement(sql, []),
    batch: async (statements: Statement[]) => {
      sqlite.exec("BEGIN");
      const results = [];
      for (const one of statements) results.push(await one.all());
      sqlite.exec("COMMIT");
      return results;
    },
    withSession: () => binding,
  };
  return binding;
}

/** A bucket that forgets what it is given, but for the sizes. */
export function sizesOnly(): { bucket: ArchiveBucket; sizes: Map<string, number> } {
  const sizes = new Map<string, number>();
  const put = async (key: string, bytes: Uint8Array) => void sizes.set(key, bytes.byteLength);
  return { bucket: { put } as unknown as ArchiveBucket, sizes };
}
