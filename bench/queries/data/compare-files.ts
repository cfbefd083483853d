import { DatabaseSync } from "node:sqlite";

/** Every row that a batch of events writes, with the numbers of categories and series replaced by their texts. */
const CONTENTS = {
  counts: "SELECT seconds, page, bucket, events FROM counts",
  "counts by series": `SELECT seconds, category, name, application, bucket, value
    FROM counts, json_each(by_series) JOIN series ON series_id = key JOIN categories USING (category_id)`,
  "hours of series": `SELECT category, name, application, hour
    FROM series_hours JOIN series USING (series_id) JOIN categories USING (category_id)`,
  series: "SELECT category, name, application, first_day FROM series JOIN categories USING (category_id)",
  categories: "SELECT category FROM categories",
} as const;

/** The same for the tables of a partition. */
function partitionContents(id: number) {
  return {
    events: `SELECT slot, sample_key, session_id, typeof(session_id), occurred_at, tie, received_after, category, name, application, id,
        typeof(id), data, context, extra, visitor_id, type, (SELECT category FROM categories WHERE category_id = rare) AS rare
      FROM events_${id} JOIN series USING (series_id) JOIN categories USING (category_id)`,
    activity: `SELECT session_id, typeof(session_id), "window" FROM activity_${id}`,
    visits: `SELECT visitor_id, session_id FROM visits_${id}`,
    minutes: `SELECT page, minute, events FROM minutes_${id}`,
    "minutes by series": `SELECT category, name, application, minute, value
      FROM minutes_${id}, json_each(by_series) JOIN series ON series_id = key JOIN categories USING (category_id)`,
    indexes: `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'events_${id}'`,
  } as const;
}

export type Comparison = Record<string, { rows: number; different: number }>;

/**
 * Compares two databases table by table.
 *
 * @param partitions whose tables both databases have
 * @returns the number of compared rows by kind of table, and the rows that only one of them has
 */
export function compareFiles(one: string, other: string, partitions: readonly { id: number }[]): Comparison {
  const database = new DatabaseSync(one, { readOnly: true });
  database.exec(`ATTACH '${other.replaceAll("'", "''")}' AS other`);
  const count = (sql: string) => Number(database.prepare(`SELECT count(*) AS n FROM (${sql})`).get()?.n);
  const result: Comparison = {};
  for (const contents of [CONTENTS, ...partitions.map(({ id }) => partitionContents(id))]) {
    for (const [table, select] of Object.entries(contents)) {
      const there = select.replace(/\b(FROM|JOIN) (?=[a-z])/g, "$1 other.");
      const [rows, others] = [count(select), count(there)];
      const different =
        count(`${select} EXCEPT ${there}`) + count(`${there} EXCEPT ${select}`) + Math.abs(rows - others);
      const before = result[table] ?? { rows: 0, different: 0 };
      result[table] = { rows: before.rows + rows, different: before.different + different };
    }
  }
  database.close();
  return result;
}
