/** A statement that D1 executed for one request. */
export interface AskedStatement {
  sql: string;
  rowsRead: number;
  /** D1's own `meta.duration` of each run, in milliseconds. */
  durationsMs: number[];
  /** The steps of its plan; empty unless requested, or if a previous statement has the same plan. */
  plan: string[];
}

export interface MeteredDatabase {
  database: D1Database;
  /** Forgets the statements so far. */
  forget(): void;
  statementsSinceLast(runs: number, plans: boolean): Promise<AskedStatement[]>;
}

/**
 * A database that records its statements. Drizzle reads with `raw`, whose result has no meta, so the statements are executed
 * again afterwards: nothing writes meanwhile, so they read the same rows.
 */
export function meteredDatabase(real: D1Database): MeteredDatabase {
  let asked: { sql: string; params: unknown[] }[] = [];
  /** A real statement, because `batch` accepts no others, that records its bound values. Each is executed once. */
  function prepare(sql: string): D1PreparedStatement {
    const note = { sql, params: [] as unknown[] };
    asked.push(note);
    const statement = real.prepare(sql);
    const bind = statement.bind.bind(statement);
    return Object.assign(statement, {
      bind: (...params: unknown[]) => {
        note.params = params;
        return bind(...params);
      },
    });
  }
  const batch = (statements: D1PreparedStatement[]) => real.batch(statements);
  const session = { prepare, batch };
  // The part of a database that readers use.
  const database = { ...session, withSession: () => session } as unknown as D1Database;

  function forget(): void {
    asked = [];
  }

  async function statementsSinceLast(runs: number, plans: boolean): Promise<AskedStatement[]> {
    const measured: AskedStatement[] = [];
    const these = asked;
    forget();
    const explained = new Set<string>();
    for (const { sql, params } of these) {
      const durationsMs: number[] = [];
      let rowsRead = 0;
      for (let run = 0; run < Math.max(1, runs); run++) {
        const { meta } = await real
          .prepare(sql)
          .bind(...params)
          .all();
        durationsMs.push(meta.duration);
        rowsRead = meta.rows_read;
      }
      // Statements that differ only in numbers, such as those of partitions, have the same plan.
      const shape = sql.replace(/\d+/g, "0");
      const isNew = plans && !explained.has(shape);
      explained.add(shape);
      measured.push({ sql, rowsRead, durationsMs, plan: isNew ? await planOf(sql, params) : [] });
    }
    return measured;
  }

  async function planOf(sql: string, params: unknown[]): Promise<string[]> {
    const explaining = real.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind(...params);
    const { results } = await explaining.all<{ detail: string }>();
    return results.map(({ detail }) => detail);
  }

  return { database, forget, statementsSinceLast };
}
