import { DEPTH, FIRST_PAGE, WITHIN_SECONDS } from "../analyst-questions.ts";
import { CLICK, PAGEVIEW, SUBMIT } from "../declared.ts";
import { FROM, type OtherLayout, type Range } from "./other-layout.ts";

/**
 * Umami (github.com/umami-software/umami, its schema for PostgreSQL): a row for each event with the columns of a page view, and
 * a row for each member of a custom event's payload. Only the indexes that its queries for these questions can use are created,
 * and not the table of sessions, which they do not read: with its other ten indexes it takes more space than here.
 */
const TABLES = [
  `CREATE TABLE website_event (
    event_id BLOB NOT NULL, website_id BLOB NOT NULL, session_id BLOB NOT NULL, visit_id BLOB NOT NULL,
    created_at INTEGER NOT NULL, url_path TEXT NOT NULL, url_query TEXT, referrer_path TEXT, referrer_query TEXT,
    referrer_domain TEXT, page_title TEXT, event_type INTEGER NOT NULL, event_name TEXT, tag TEXT, hostname TEXT)`,
  `CREATE TABLE event_data (
    event_data_id BLOB NOT NULL, website_id BLOB NOT NULL, website_event_id BLOB NOT NULL, data_key TEXT NOT NULL,
    string_value TEXT, number_value NUMERIC, date_value INTEGER, data_type INTEGER NOT NULL, created_at INTEGER NOT NULL)`,
];

const INDEXES = [
  "CREATE UNIQUE INDEX website_event_pkey ON website_event (event_id)",
  "CREATE INDEX website_event_session ON website_event (session_id)",
  "CREATE INDEX website_event_created ON website_event (website_id, created_at)",
  "CREATE INDEX website_event_path ON website_event (website_id, created_at, url_path)",
  "CREATE INDEX website_event_name ON website_event (website_id, created_at, event_name)",
  "CREATE INDEX website_event_sessions ON website_event (website_id, session_id, created_at)",
  "CREATE INDEX website_event_visits ON website_event (website_id, visit_id, created_at)",
  "CREATE INDEX event_data_event ON event_data (website_event_id)",
  "CREATE INDEX event_data_key ON event_data (website_id, created_at, data_key)",
  "PRAGMA analysis_limit = 1000",
  "ANALYZE",
];

const WEBSITE_SQL = "x'00000000000040008000000000000001'";
const PAGE_VIEW = 1;
const CUSTOM_EVENT = 2;
const STRING = 1;

function within({ from, to }: Range, table = ""): string {
  return `${table}website_id = ${WEBSITE_SQL} AND ${table}created_at BETWEEN ${from} AND ${to}`;
}

function topPaths(range: Range): string {
  return `SELECT url_path, count(*) AS y FROM website_event
    WHERE ${within(range)} AND event_type = ${PAGE_VIEW} GROUP BY 1 ORDER BY 2 DESC LIMIT 100`;
}

/** A self-join for each step, each within the time from the step before. */
function funnel(range: Range): string {
  const next = (level: number, name: string) => `level${level} AS (
    SELECT DISTINCT we.session_id, we.created_at FROM level${level - 1} AS l
    JOIN website_event AS we ON l.session_id = we.session_id
    WHERE we.website_id = ${WEBSITE_SQL} AND we.created_at BETWEEN l.created_at AND l.created_at + ${WITHIN_SECONDS}000000
      AND we.event_name = '${name}' AND we.created_at <= ${range.to})`;
  return `WITH level1 AS (
      SELECT DISTINCT session_id, created_at FROM website_event
      WHERE ${within(range)} AND url_path = '${FIRST_PAGE}' AND event_type = ${PAGE_VIEW}),
    ${next(2, CLICK.name)}, ${next(3, SUBMIT.name)}
    SELECT 1 AS level, count(DISTINCT session_id) AS reached FROM level1
    UNION SELECT 2, count(DISTINCT session_id) FROM level2 UNION SELECT 3, count(DISTINCT session_id) FROM level3
    ORDER BY level`;
}

/** The first events of each visit, as columns, grouped. */
function journey(range: Range): string {
  const places = Array.from({ length: DEPTH + 1 }, (_, place) => place + 1);
  const columns = places.map((place) => `max(CASE WHEN event_number = ${place} THEN event END) AS e${place}`);
  const names = places.map((place) => `e${place}`).join(", ");
  return `WITH events AS (
      SELECT DISTINCT visit_id, referrer_path, coalesce(nullif(event_name, ''), url_path) AS event,
        row_number() OVER (PARTITION BY visit_id ORDER BY created_at) AS event_number
      FROM website_event WHERE ${within(range)} AND event_type = ${PAGE_VIEW}),
    sequences AS (
      SELECT ${names}, count(*) AS count FROM (SELECT visit_id, ${columns.join(", ")} FROM events GROUP BY visit_id)
      GROUP BY ${names})
    SELECT * FROM sequences WHERE e1 = '${FIRST_PAGE}' ORDER BY count DESC LIMIT 100`;
}

export const UMAMI: OtherLayout = {
  name: "Umami",
  ownTable: "website_event",
  tables: TABLES,
  inserts: [
    `INSERT INTO website_event
      SELECT e.id, ${WEBSITE_SQL}, e.session_id, e.session_id, e.occurred_at, e.data ->> '$.path', NULL, NULL, NULL, NULL, NULL,
        iif(e.name = '${PAGEVIEW.name}', ${PAGE_VIEW}, ${CUSTOM_EVENT}), nullif(e.name, '${PAGEVIEW.name}'), e.application,
        e.data ->> '$.host' ${FROM}`,
    `INSERT INTO event_data
      SELECT randomblob(16), ${WEBSITE_SQL}, e.id, replace(substr(member.fullkey, 3), '"', ''), member.atom, NULL, NULL, ${STRING}, e.occurred_at
      ${FROM} CROSS JOIN json_tree(e.data) AS member
      WHERE e.name <> '${PAGEVIEW.name}' AND member.atom IS NOT NULL AND member.key NOT IN ('host', 'path')`,
  ],
  afterwards: INDEXES,
  queries: ({ day, month }) => ({
    "paths of a day": topPaths(day),
    "paths of a month": topPaths(month),
    "elements of a day": `SELECT string_value AS value, count(*) AS total
      FROM event_data JOIN website_event ON website_event.event_id = event_data.website_event_id
        AND ${within(day, "website_event.")} AND website_event.event_type = ${CUSTOM_EVENT}
        AND website_event.event_name = '${CLICK.name}'
      WHERE ${within(day, "event_data.")} AND event_data.data_key = 'element'
      GROUP BY value ORDER BY 2 DESC LIMIT 100`,
    sessions: `SELECT count(DISTINCT visit_id) AS visits, sum(CASE WHEN c = 1 THEN 1 ELSE 0 END) AS bounces,
        sum(max_time - min_time) AS totaltime
      FROM (SELECT session_id, visit_id, count(*) AS c, min(created_at) AS min_time, max(created_at) AS max_time
        FROM website_event WHERE ${within(month)} GROUP BY 1, 2)`,
    funnel: funnel(day),
    paths: journey(day),
  }),
};
