/** What a statement of a call cost. */
export interface StatementCost {
  sql: string;
  rowsRead: number;
}

/** The same database, which notes the rows that each statement of its batches reads. */
export function watched(binding: D1Database, costs: StatementCost[]): D1Database {
  return new Proxy(binding, {
    get(database, member) {
      if (member === "withSession") {
        return (constraint: D1SessionConstraint) => watchedSession(database.withSession(constraint), costs);
      }
      const value: unknown = Reflect.get(database, member);
      return typeof value === "function" ? value.bind(database) : value;
    },
  });
}

function watchedSession(session: D1DatabaseSession, costs: StatementCost[]): D1DatabaseSession {
  const texts = new WeakMap<object, string>();
  return new Proxy(session, {
    get(own, member) {
      if (member === "prepare") {
        return (sql: string) => {
          const prepared = own.prepare(sql);
          return new Proxy(prepared, {
            get(statement, name) {
              if (name !== "bind") {
                const value: unknown = Reflect.get(statement, name);
                return typeof value === "function" ? value.bind(statement) : value;
              }
              return (...values: unknown[]) => {
                const bound = statement.bind(...values);
                texts.set(bound, sql);
                return bound;
              };
            },
          });
        };
      }
      if (member === "batch") {
        return async (statements: D1PreparedStatement[]) => {
          const results = await own.batch(statements);
          for (const [place, { meta }] of results.entries()) {
            costs.push({ sql: texts.get(statements[place] ?? {}) ?? "", rowsRead: meta.rows_read });
          }
          return results;
        };
      }
      const value: unknown = Reflect.get(own, member);
      return typeof value === "function" ? value.bind(own) : value;
    },
  });
}
