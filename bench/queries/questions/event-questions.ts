import {
  MAX_GUIDING_COUNTS,
  MAX_MINUTE_BUCKET_ROWS,
  MAX_ROWS_EXAMINED,
} from "../../../src/storage/core/read-limits.ts";
import { uuid } from "../data/random.ts";
import {
  EVENTS,
  EVENTS_P95_MS,
  each,
  type Filters,
  type Goal,
  type Places,
  pathOf,
  type Question,
  question,
} from "./question.ts";

/** The rows that a scan guided by counts may read, in one database: see minute-bucket-scan.ts. */
const BY_MINUTE_BUCKETS: Goal = { kind: "bound", rows: 2 * MAX_GUIDING_COUNTS + 2 * MAX_MINUTE_BUCKET_ROWS };

/** Queries that no index covers only need a bound. */
const UNCOVERED: Partial<Question> = { goal: BY_MINUTE_BUCKETS, p95Ms: null };

/**
 * With a remaining filter: the scanned rows with their slots, read again up to the end of the page, and the rows of the
 * page.
 */
const FILTERED: Goal = { kind: "bound", rows: 4 * MAX_ROWS_EXAMINED + 200 };
const LEFT_OVER: Partial<Question> = { goal: FILTERED, p95Ms: null };

/** A cursor in the middle of the sessions with at least 20,000 events. */
const MIDDLE = { page: 11, scanBy: 1_000 };

const COMMON = "page interaction";

/** Lists of events by time, session and category. */
export function eventQuestions(places: Places): Question[] {
  const { narrow, upTo, wide } = places;
  const events = (name: string, filters: Filters[], rest: Partial<Question> = {}) =>
    question(
      name,
      filters.map((one) => pathOf("/theeye/events", one)),
      { goal: EVENTS, ...rest },
    );
  const anywhere = [{}, ...upTo];
  const sessions = (ids: string[]) => ids.map((session_id) => ({ session_id }));
  const combination = (name: string, filters: Filters, rest: Partial<Question> = {}) =>
    events(name, each(filters, anywhere), { ...UNCOVERED, ...rest });
  return [
    events("events, newest", [{}, { limit: "20" }, { limit: "1000" }]),
    events("events, oldest", [{ order: "asc" }]),
    events("events, tenth page", [{}], { page: 10 }),
    events("events up to a time", upTo),
    events("events of a minute", narrow),
    events("events of the whole range", [wide]),
    events("session, small", sessions(places.small)),
    events("session, small, newest first", each({ order: "desc" }, sessions(places.small))),
    events("session, huge", sessions(places.huge)),
    events("session, huge, from the middle", sessions(places.huge), MIDDLE),
    ...(places.daylong.length === 0
      ? []
      : [
          events("session, huge, all day", sessions(places.daylong)),
          events("session, huge, all day, from the middle", sessions(places.daylong), MIDDLE),
        ]),
    events("session that does not exist", sessions([uuid(7, 1), uuid(7, 2), "unknown"])),
    ...(places.returning === null
      ? []
      : [events("session that returns in each partition", sessions([places.returning]))]),
    ...[
      { name: "half the traffic", category: COMMON },
      { name: "just above 1/24 (common)", category: "media" },
      { name: "just below 1/24 (rare)", category: "navigation" },
      { name: "one in 1,000", category: "diagnostics" },
      { name: "one in 100,000", category: "legal" },
      { name: "one in a million", category: "incident" },
    ].flatMap(({ name, category }) => [
      events(`category of ${name}`, each({ category }, anywhere)),
      events(`category of ${name}, a minute`, each({ category }, narrow)),
    ]),
    events("category of half the traffic, tenth page", [{ category: COMMON }], { page: 10 }),
    events("category just above 1/24, tenth page", [{ category: "media" }], { page: 10 }),
    events("category that does not exist", [{ category: "unknown" }]),
    combination("common category + common name", { category: COMMON, name: "pageview" }),
    combination("common category + rare name (1 in 10,000 of it)", { category: COMMON, name: "print" }),
    events("common category + rarest name (1 in 100,000 of it)", [{ category: COMMON, name: "easter egg" }], {
      goal: BY_MINUTE_BUCKETS,
    }),
    combination(
      "common category + rare name, third page",
      { category: COMMON, name: "print", limit: "10" },
      { p95Ms: EVENTS_P95_MS, page: 3 },
    ),
    combination("lesser category + rare name", { category: "commerce", name: "refund" }),
    combination("rare category + name", { category: "navigation", name: "back" }),
    combination("name alone, common", { name: "pageview" }),
    combination("name alone, rare", { name: "print" }),
    combination("application alone, half the traffic", { application: "shop" }),
    combination("application alone, one in 10,000", { application: "kiosk" }),
    combination("application + common category", { application: "blog", category: COMMON }),
    combination("rare application + common category", { application: "kiosk", category: COMMON }),
    combination("application + rare category", { application: "blog", category: "legal" }),
    events(
      "application + category + name, a minute",
      each({ application: "blog", category: COMMON, name: "cta click" }, narrow),
      UNCOVERED,
    ),
    events("huge session + category", each({ category: COMMON }, sessions(places.huge)), LEFT_OVER),
    events("huge session + rare category", each({ category: "legal" }, sessions(places.huge)), LEFT_OVER),
  ];
}
