/** A statement as it was asked of D1 while one request was answered. */
export interface AskedStatement {
  sql: string;
  rowsRead: number;
  /** D1's own `meta.duration` of each run, in milliseconds. */
  durationsMs: number[];
  /** The steps of its plan; empty unless asked for. */
  plan: string[];
}

export interface MeteredDatabase {
  database: D1Database;
  statementsSinceLast(runs: number, plans: boolean): Promise<AskedStatement[]>;
}

/**
 * A database that keeps what is asked of it. Drizzle reads through `raw`, whose answer carries no meta, so the statements
 * are asked again afterwards, as they were: nothing writes meanwhile, so they read the same rows.
 */
export function meteredDatabase(real: D1Database): MeteredDatabase {
  let asked: { sql: string; params: unknown[] }[] = [];
  const session = {
    prepare: (sql: string) => ({
      bind: (...params: unknown[]) => {
        asked.push({ sql, params });
        return real.prepare(sql).bind(...params);
      },
    }),
  };
  // Readers use withSession, and Drizzle uses prepare and bind.
  const database = { withSession: () => session, prepare: session.prepare } as unknown as D1Database;

  async function statementsSinceLast(runs: number, plans: boolean): Promise<AskedStatement[]> {
    const measured: AskedStatement[] = [];
    const these = asked;
    asked = [];
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
      const explained = plans
        ? await real
            .prepare(`EXPLAIN QUERY PLAN ${sql}`)
            .bind(...params)
            .all<{ detail: string }>()
        : null;
      measured.push({ sql, rowsRead, durationsMs, plan: explained?.results.map(({ detail }) => detail) ?? [] });
    }
    return measured;
  }
  return { database, statementsSinceLast };
}
