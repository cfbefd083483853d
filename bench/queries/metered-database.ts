/** A statement as it was asked of D1 while one request was answered. */
export interface AskedStatement {
  sql: string;
  rowsRead: number;
  /** D1's own `meta.duration` of each run, in milliseconds. */
  durationsMs: number[];
  /** The steps of its plan; empty unless asked for, or where one before it has the same. */
  plan: string[];
}

export interface MeteredDatabase {
  database: D1Database;
  /** Forgets what was asked so far. */
  forget(): void;
  statementsSinceLast(runs: number, plans: boolean): Promise<AskedStatement[]>;
}

/**
 * A database that keeps what is asked of it. Drizzle reads through `raw`, whose answer carries no meta, so the statements
 * are asked again afterwards, as they were: nothing writes meanwhile, so they read the same rows.
 */
export function meteredDatabase(real: D1Database): MeteredDatabase {
  let asked: { sql: string; params: unknown[] }[] = [];
  /** A real statement, since `batch` takes no others, that notes what is bound to it. Each is asked once. */
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
  // What readers use of a database.
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
      // Statements that differ in numbers alone, such as those of partitions, have one plan.
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
