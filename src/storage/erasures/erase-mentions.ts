import type { Database } from "../core/databases";
import { fillerSql } from "./filler";

/**
 * Erases what names a session outside events and errors: the samples of report-only schemas become zeros, and the
 * filters of replays become an empty text, which is no session's id.
 *
 * @throws what D1 throws
 */
export async function eraseMentions(databases: readonly Database[], session: string): Promise<void> {
  const [first] = databases;
  for (const { binding } of databases) {
    const columns = ["sample_session", "sample_event"].map((column) => `${column} = ${fillerSql(column)}`);
    await binding
      .prepare(`UPDATE report_only_failures SET ${columns.join(", ")} WHERE sample_session = ?1`)
      .bind(session)
      .run();
  }
  await first?.binding
    .prepare(
      `UPDATE replays SET selection = json_set(selection, '$.filter.session', '')
       WHERE selection ->> '$.filter.session' = ?1`,
    )
    .bind(session)
    .run();
}
