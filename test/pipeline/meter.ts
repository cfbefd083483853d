import type { Database } from "../../src/storage/databases";

/** Databases that count what is asked of them: statements prepared, transactions, and rows read and written as D1 bills them. */
export function meter(databases: Database[]) {
  const statements = databases.map(() => 0);
  let transactions = 0;
  let read = 0;
  let written = 0;
  const metered = databases.map(({ index, binding }): Database => {
    const counting = {
      prepare: (sql: string) => {
        statements[index] = (statements[index] ?? 0) + 1;
        return binding.prepare(sql);
      },
      batch: async (batch: D1PreparedStatement[]) => {
        transactions += 1;
        const results = await binding.batch(batch);
        for (const { meta } of results) {
          read += meta.rows_read;
          written += meta.rows_written;
        }
        return results;
      },
    };
    return { index, binding: Object.assign(Object.create(binding), counting) };
  });
  return {
    databases: metered,
    statements: () => statements,
    transactions: () => transactions,
    rowsRead: () => read,
    rowsWritten: () => written,
  };
}
