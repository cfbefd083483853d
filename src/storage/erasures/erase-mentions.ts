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

/** Mentions that are examined: there are far fewer, one sample for each finding and one filter for each replay. */
const MAX_MENTIONS = 10_000;

/** The sessions that are named outside events and errors. */
export async function mentionedSessions(databases: readonly Database[]): Promise<string[]> {
  const sessions = new Set<string>();
  for (const { binding } of databases) {
    const [samples, filters] = await binding.batch<{ session: string | null }>(
      [
        "SELECT DISTINCT sample_session AS session FROM report_only_failures",
        "SELECT DISTINCT selection ->> '$.filter.session' AS session FROM replays",
      ].map((statement) => binding.prepare(`${statement} LIMIT ${MAX_MENTIONS}`)),
    );
    for (const { session } of [...(samples?.results ?? []), ...(filters?.results ?? [])]) {
      if (session !== null && session !== "") sessions.add(session);
    }
  }
  return [...sessions];
}
