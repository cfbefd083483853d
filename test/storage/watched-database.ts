import type { Database } from "../../src/storage/core/databases";

interface Query {
  sql: string;
  params: unknown[];
}

/** A database that records its queries, so that a test can examine their plans and costs. */
export function watch({ index, binding }: Database): { database: Database; queries: Query[] } {
  const queries: Query[] = [];
  const session = {
    prepare: (sql: string) => ({
      bind: (...params: unknown[]) => {
        queries.push({ sql, params });
        return binding.prepare(sql).bind(...params);
      },
    }),
    batch: (statements: D1PreparedStatement[]) => binding.batch(statements),
  };
  // Readers use sessions. Direct calls to the database, such as reading the partition map, are not recorded.
  const watched: D1Database = Object.assign(Object.create(binding), {
    withSession: () => session,
    prepare: (sql: string) => binding.prepare(sql),
    batch: (statements: D1PreparedStatement[]) => binding.batch(statements),
  });
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

/** The rows read of a query, as D1 bills them. */
export async function rowsReadBy({ binding }: Database, { sql, params }: Query): Promise<number> {
  const { meta } = await binding
    .prepare(sql)
    .bind(...params)
    .all();
  return meta.rows_read;
}

/** A database that adds up the cost of its transactions, in rows as D1 bills them. */
export function meter({ index, binding }: Database): { database: Database; cost: { read: number; written: number } } {
  const cost = { read: 0, written: 0 };
  const batch = async (statements: D1PreparedStatement[]) => {
    const results = await binding.batch(statements);
    for (const { meta } of results) {
      cost.read += meta.rows_read;
      cost.written += meta.rows_written;
    }
    return results;
  };
  const prepare = (sql: string) => binding.prepare(sql);
  return { database: { index, binding: Object.assign(Object.create(binding), { prepare, batch }) }, cost };
}
