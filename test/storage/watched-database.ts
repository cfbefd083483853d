import type { Database } from "../../src/storage/databases";

interface Query {
  sql: string;
  params: unknown[];
}

/** A database that keeps what is asked of it, to look at the plans and the costs afterwards. */
export function watch({ index, binding }: Database): { database: Database; queries: Query[] } {
  const queries: Query[] = [];
  const session = {
    prepare: (sql: string) => ({
      bind: (...params: unknown[]) => {
        queries.push({ sql, params });
        return binding.prepare(sql).bind(...params);
      },
    }),
  };
  // Readers use withSession, and Drizzle uses prepare and bind.
  const watched = { withSession: () => session } as unknown as D1Database;
  return { database: { index, binding: watched }, queries };
}

/** The steps of a query's plan. */
export async function planOf({ binding }: Database, { sql, params }: Query): Promise<string[]> {
  const { results } = await binding
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .bind(...params)
    .all<{ detail: string }>();
  return results.map(({ detail }) => detail);
}

/** What D1 bills for a query, in rows read. */
export async function rowsReadBy({ binding }: Database, { sql, params }: Query): Promise<number> {
  const { meta } = await binding
    .prepare(sql)
    .bind(...params)
    .all();
  return meta.rows_read;
}
