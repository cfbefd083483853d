import type { Database } from "../../src/storage/core/databases";

type Replaceable = Pick<D1Database, "prepare" | "batch" | "withSession">;

/** A database whose binding has some functions replaced. */
export function changedDatabase({ index, binding }: Database, changes: Partial<Replaceable>): Database {
  const changed: D1Database = {
    prepare: changes.prepare ?? ((sql) => binding.prepare(sql)),
    batch: changes.batch ?? ((statements) => binding.batch(statements)),
    withSession: changes.withSession ?? ((constraint) => binding.withSession(constraint)),
    exec: (sql) => binding.exec(sql),
    dump: () => Promise.reject(new Error("no test dumps a database")),
  };
  return { index, binding: changed };
}

/** A database that fails every call with this message. */
export function failingDatabase(database: Database, message: string): Database {
  const refuse = () => {
    throw new Error(message);
  };
  return changedDatabase(database, { prepare: refuse, batch: refuse, withSession: refuse });
}

/** A full database: it can be read, but refuses writes. */
export function fullDatabase(database: Database): Database {
  const refuse = () => {
    throw new Error("D1_ERROR: Exceeded maximum DB size: SQLITE_ERROR");
  };
  return changedDatabase(database, {
    prepare: (sql) => (/^\s*(INSERT|UPDATE|CREATE)/.test(sql) ? refuse() : database.binding.prepare(sql)),
  });
}

/** A database that reports this size when it is written to. */
export function databaseOfSize(database: Database, bytes: number): Database {
  const sized = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get(target, name) {
        if (name === "bind") return (...values: unknown[]) => sized(target.bind(...values));
        if (name !== "run") return Reflect.get(target, name, target);
        return async () => {
          const result = await target.run();
          return { ...result, meta: { ...result.meta, size_after: bytes } };
        };
      },
    });
  const prepare: D1Database["prepare"] = (sql) => {
    const statement = database.binding.prepare(sql);
    return sql.includes("write_probe") ? sized(statement) : statement;
  };
  return changedDatabase(database, { prepare });
}

/** A database whose readers report that each of their calls has read this many rows. */
export function costlyDatabase(database: Database, rows: number): Database {
  return changedDatabase(database, {
    withSession: (constraint) => {
      const session = database.binding.withSession(constraint);
      return {
        prepare: (sql) => session.prepare(sql),
        getBookmark: () => session.getBookmark(),
        batch: async <Row>(statements: D1PreparedStatement[]) => {
          const results = await session.batch<Row>(statements);
          return results.map((result, n) =>
            n > 0 ? result : { ...result, meta: { ...result.meta, rows_read: rows } },
          );
        },
      };
    },
  });
}
