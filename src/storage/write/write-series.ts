import { jsonArray } from "./chunks";
import { STORED_SERIES_COLUMN, type StoredSeries } from "./stored-series";

/**
 * The dimension keys of a chunk of events: [[category, name, application], …], each once. Events refer to them by their
 * place.
 *
 * New keys are limited, because anyone with a public write key can send any category and name:
 * MAX_NEW_SERIES_PER_DAY a day and MAX_SERIES in all, for each application and database. Beyond that, an event is
 * stored like any other and counted under the application's overflow key, whose category and name are empty. The
 * event's row then stores its own category and name (`type`).
 */

/** The most new dimension keys of an application in one database and UTC day. */
export const MAX_NEW_SERIES_PER_DAY = 1_000;

/** The most dimension keys of an application in one database. */
export const MAX_SERIES = 5_000;

/** The category of the overflow key. The first migration creates it. */
export const OVERFLOW_CATEGORY_ID = 1;

const IS_STORED = `EXISTS (
    SELECT 1 FROM categories AS c CROSS JOIN series AS s ON s.category_id = c.category_id
    WHERE c.category = wanted.value ->> 0 AND s.name = wanted.value ->> 1 AND s.application = wanted.value ->> 2
  )`;

const MISSING = `
missing AS MATERIALIZED (
  SELECT key AS place, value ->> 0 AS category, value ->> 1 AS name, value ->> 2 AS application
  FROM json_each(?1) AS wanted WHERE NOT ${IS_STORED}
)`;

/** ?2: the UTC day of receipt. */
const ADMITTED = `
${MISSING},
budgets AS MATERIALIZED (
  SELECT application, min(
    ${MAX_NEW_SERIES_PER_DAY} - (SELECT count(*) FROM (SELECT 1 FROM series
      WHERE series.application = applications.application AND first_day = ?2 LIMIT ${MAX_NEW_SERIES_PER_DAY})),
    ${MAX_SERIES} - (SELECT count(*) FROM (SELECT 1 FROM series
      WHERE series.application = applications.application LIMIT ${MAX_SERIES}))
  ) AS budget
  FROM (SELECT DISTINCT application FROM missing) AS applications
),
admitted AS (
  SELECT place, category, name, application
  FROM (SELECT *, row_number() OVER (PARTITION BY application ORDER BY place) AS number FROM missing)
  JOIN budgets USING (application) WHERE number <= budget
)`;

/** ?1: dimension keys. ?2: the UTC day of receipt, in days since 1970. Run them in this order. */
const ADD_SERIES = [
  `WITH ${ADMITTED}
INSERT INTO categories (category) SELECT DISTINCT category FROM admitted WHERE true ON CONFLICT DO NOTHING`,
  `WITH ${ADMITTED}
INSERT INTO series (category_id, name, application, first_day)
SELECT category_id, name, application, ?2 FROM admitted JOIN categories USING (category) WHERE true
ORDER BY place ON CONFLICT DO NOTHING`,
  `WITH ${MISSING}
INSERT INTO series (category_id, name, application, first_day)
SELECT DISTINCT ${OVERFLOW_CATEGORY_ID}, '', application, ?2 FROM missing WHERE true ON CONFLICT DO NOTHING`,
] as const;

/** Returns those of ?1 that are stored: the others are counted under the overflow key. */
const FIND_SERIES = `
SELECT wanted.value AS ${STORED_SERIES_COLUMN} FROM json_each(?1) AS wanted
WHERE ${IS_STORED}`;

/**
 * The dimension keys of a chunk as the parameter of `chunkSeries`, and the statements that add those that are not known to
 * be stored.
 *
 * @param keys JSON texts, each once
 * @param day of receipt, in UTC days since 1970
 */
export function seriesOfChunk(
  binding: D1Database,
  keys: readonly string[],
  { stored, day }: { stored: StoredSeries; day: number },
): { statements: D1PreparedStatement[]; parameter: string } {
  const unknown = keys.filter((key) => !stored.has(key));
  const parameter = jsonArray(keys.map((key) => (stored.has(key) ? `${key.slice(0, -1)},1]` : key)));
  if (unknown.length === 0) return { statements: [], parameter };
  const asked = jsonArray(unknown);
  return {
    statements: [
      ...ADD_SERIES.map((statement) => binding.prepare(statement).bind(asked, day)),
      binding.prepare(FIND_SERIES).bind(asked),
    ],
    parameter,
  };
}

/**
 * The numbers of a chunk's dimension keys by their place in the given parameter. `type` is null unless the key is an
 * overflow key. `series_id` is null if a key is marked as stored, by a fourth member, and is not. Join it by CROSS JOIN
 * after the events; otherwise SQLite scans all events for each key.
 */
export function chunkSeries(parameter: string): string {
  return `
chunk_series AS MATERIALIZED (
  SELECT wanted.key AS place, coalesce(s.series_id, overflow.series_id) AS series_id,
    coalesce(s.category_id, ${OVERFLOW_CATEGORY_ID}) AS category_id,
    iif(s.series_id IS NULL, json_array(wanted.value ->> 0, wanted.value ->> 1), NULL) AS type
  FROM json_each(${parameter}) AS wanted
  LEFT JOIN categories AS c ON c.category = wanted.value ->> 0
  LEFT JOIN series AS s
    ON s.category_id = c.category_id AND s.name = wanted.value ->> 1 AND s.application = wanted.value ->> 2
  LEFT JOIN series AS overflow
    ON s.series_id IS NULL AND wanted.value ->> 3 IS NULL AND overflow.category_id = ${OVERFLOW_CATEGORY_ID}
    AND overflow.name = '' AND overflow.application = wanted.value ->> 2
)`;
}
