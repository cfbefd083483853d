import { DEPTH, FIRST_PAGE, WITHIN_SECONDS } from "../analyst-questions.ts";
import { CLICK, PAGEVIEW, SUBMIT } from "../declared.ts";
import { FROM, type OtherLayout, type Range } from "./other-layout.ts";

const DAY_MICROS = 86_400_000_000;
const TEAM = 1;

/**
 * PostHog (github.com/PostHog/posthog): one table of events with their properties as JSON, in the order of ClickHouse's sort
 * key (team, day, event, hashes of the person and of the event), and a row for each session that a view keeps up to date.
 * ClickHouse itself reads only the needed columns of such rows, compressed and on several cores, which SQLite cannot: the rows
 * that a query reads are those of PostHog, the times are not.
 */
const TABLES = [
  `CREATE TABLE sharded_events (
    team_id INTEGER NOT NULL, day INTEGER NOT NULL, event TEXT NOT NULL, distinct_hash BLOB NOT NULL,
    uuid_hash BLOB NOT NULL, uuid BLOB NOT NULL, distinct_id TEXT NOT NULL, person_id BLOB NOT NULL,
    properties TEXT NOT NULL, timestamp INTEGER NOT NULL, created_at INTEGER NOT NULL,
    PRIMARY KEY (team_id, day, event, distinct_hash, uuid_hash)) WITHOUT ROWID`,
  `CREATE TABLE raw_sessions (
    team_id INTEGER NOT NULL, hour INTEGER NOT NULL, session_id TEXT NOT NULL, min_timestamp INTEGER NOT NULL,
    max_timestamp INTEGER NOT NULL, events INTEGER NOT NULL, PRIMARY KEY (team_id, hour, session_id)) WITHOUT ROWID`,
];

/** The first bytes of a random UUID stand for its hash. */
const INSERTS = [
  `INSERT INTO sharded_events
    SELECT ${TEAM}, e.occurred_at / ${DAY_MICROS}, e.category || ': ' || e.name, substr(e.session_id, 1, 8), substr(e.id, 1, 8),
      e.id, lower(hex(e.session_id)), e.session_id, e.data, e.occurred_at, e.received_at ${FROM} ORDER BY 1, 2, 3, 4, 5`,
  `INSERT INTO raw_sessions
    SELECT ${TEAM}, min(timestamp) / 3600000000, distinct_id, min(timestamp), max(timestamp), count(*)
    FROM sharded_events GROUP BY distinct_id ORDER BY 2, 3`,
];

function eventName({ category, name }: { category: string; name: string }): string {
  return `${category}: ${name}`;
}

function within({ from, to }: Range): string {
  return `team_id = ${TEAM} AND day BETWEEN ${Math.floor(from / DAY_MICROS)} AND ${Math.floor(to / DAY_MICROS)}
    AND timestamp BETWEEN ${from} AND ${to}`;
}

function breakdown(type: { category: string; name: string }, property: string, range: Range): string {
  return `SELECT properties ->> '$.${property}' AS value, count(*) AS total FROM sharded_events
    WHERE ${within(range)} AND event = '${eventName(type)}' GROUP BY 1 ORDER BY 2 DESC LIMIT 100`;
}

/** For each event of the first step, the earliest later ones of the others, by window functions in one pass. */
function funnel(range: Range): string {
  const [first, second, third] = [PAGEVIEW, CLICK, SUBMIT].map(eventName);
  const later = "(PARTITION BY distinct_id ORDER BY timestamp DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)";
  return `WITH steps AS (
      SELECT distinct_id, timestamp,
        iif(event = '${first}' AND properties ->> '$.path' = '${FIRST_PAGE}', timestamp, NULL) AS latest_0,
        min(iif(event = '${second}', timestamp, NULL)) OVER ${later} AS latest_1,
        min(iif(event = '${third}', timestamp, NULL)) OVER ${later} AS latest_2
      FROM sharded_events WHERE ${within(range)} AND event IN ('${first}', '${second}', '${third}')),
    ordered AS (
      SELECT distinct_id, latest_0, latest_1,
        min(iif(latest_2 < latest_1, NULL, latest_2)) OVER ${later} AS latest_2 FROM steps),
    reached AS (
      SELECT distinct_id, max(CASE
        WHEN latest_2 <= latest_0 + ${WITHIN_SECONDS}000000 AND latest_1 <= latest_2 THEN 3
        WHEN latest_1 <= latest_0 + ${WITHIN_SECONDS}000000 THEN 2 ELSE 1 END) AS steps
      FROM ordered WHERE latest_0 IS NOT NULL GROUP BY distinct_id)
    SELECT value AS level, (SELECT count(*) FROM reached WHERE steps >= value) AS reached FROM json_each('[1,2,3]')`;
}

/** The pages of each person in order, from the first match on: how often each leads to the next. */
function paths(range: Range): string {
  const own = "(PARTITION BY distinct_id ORDER BY timestamp)";
  return `WITH pages AS (
      SELECT distinct_id, timestamp, properties ->> '$.path' AS page FROM sharded_events
      WHERE ${within(range)} AND event = '${eventName(PAGEVIEW)}'),
    numbered AS (
      SELECT distinct_id, page, lead(page) OVER ${own} AS next, row_number() OVER ${own} AS place FROM pages),
    started AS (SELECT distinct_id, min(place) AS place FROM numbered WHERE page = '${FIRST_PAGE}' GROUP BY 1)
    SELECT numbered.place - started.place AS level, page, next, count(*) AS total
    FROM numbered JOIN started USING (distinct_id)
    WHERE numbered.place BETWEEN started.place AND started.place + ${DEPTH - 1}
    GROUP BY 1, 2, 3 ORDER BY 4 DESC LIMIT 100`;
}

export const POSTHOG: OtherLayout = {
  name: "PostHog",
  ownTable: "sharded_events",
  tables: TABLES,
  inserts: INSERTS,
  afterwards: [],
  queries: ({ day, month }) => ({
    "paths of a day": breakdown(PAGEVIEW, "path", day),
    "paths of a month": breakdown(PAGEVIEW, "path", month),
    "elements of a day": breakdown(CLICK, "element", day),
    sessions: `SELECT count(*) AS sessions, sum(events = 1) AS bounces, avg(max_timestamp - min_timestamp) AS duration
      FROM raw_sessions WHERE team_id = ${TEAM} AND hour BETWEEN ${Math.floor(month.from / 3_600_000_000)}
        AND ${Math.floor(month.to / 3_600_000_000)} AND min_timestamp BETWEEN ${month.from} AND ${month.to}`,
    funnel: funnel(day),
    paths: paths(day),
  }),
};
