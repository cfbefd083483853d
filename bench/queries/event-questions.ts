import { MAX_GUIDED_ROWS, MAX_GUIDING_COUNTS, MAX_ROWS_EXAMINED } from "../../src/storage/read-limits.ts";
import { EVENTS, each, type Filters, type Goal, type Places, pathOf, type Question, question } from "./question.ts";
import { uuid } from "./random.ts";

/** What guiding by counts may read, in one database: see guided-scan.ts. */
const GUIDED: Goal = { kind: "bound", rows: 2 * MAX_GUIDING_COUNTS + 2 * MAX_GUIDED_ROWS };

/**
 * A category that is barely common: what is examined for each event, to the end of a minute of 100 events a second. See
 * category-scan.ts.
 */
const BARELY_COMMON: Goal = { kind: "each", rows: 36, more: 7_500 };

/** A filter left over: what is examined with its slots, once more up to the place that was reached, and a page of what is found. */
const FILTERED: Goal = { kind: "bound", rows: 4 * MAX_ROWS_EXAMINED + 200 };

/** A session with few events in each of many windows: a window's slots are sought one by one. */
const SLOTS_PER_WINDOW = 225;

/** A cursor in the middle of the sessions with 20,000 events and more. */
const MIDDLE = { page: 11, walkBy: 1_000 };

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
    events(name, each(filters, anywhere), { goal: GUIDED, ...rest });
  return [
    events("events, newest", [{}, { limit: "20" }, { limit: "1000" }]),
    events("events, oldest", [{ order: "asc" }]),
    events("events, tenth page", [{}], { page: 10 }),
    events("events up to a moment", upTo),
    events("events of a minute", narrow),
    events("events of the whole range", [wide]),
    events("session, small", sessions(places.small)),
    events("session, small, newest first", each({ order: "desc" }, sessions(places.small))),
    events("session, huge", sessions(places.huge)),
    events("session, huge, from the middle", sessions(places.huge), MIDDLE),
    events("session that does not exist", sessions([uuid(7, 1), uuid(7, 2), "unknown"])),
    ...(places.returning === null
      ? []
      : [
          events("session that returns in each partition", sessions([places.returning]), {
            held: { kind: "each", rows: SLOTS_PER_WINDOW + 12, more: 2_500 },
          }),
        ]),
    ...[
      { name: "half the traffic", category: COMMON },
      { name: "just above 1/32 (common)", category: "media", held: BARELY_COMMON },
      { name: "just below 1/32 (rare)", category: "navigation" },
      { name: "one in 1,000", category: "diagnostics" },
      { name: "one in 100,000", category: "legal" },
      { name: "one in a million", category: "incident" },
    ].flatMap(({ name, category, held = EVENTS }) => [
      events(`category of ${name}`, each({ category }, anywhere), { held }),
      events(`category of ${name}, a minute`, each({ category }, narrow), { held }),
    ]),
    events("category of half the traffic, tenth page", [{ category: COMMON }], { page: 10 }),
    events("category just above 1/32, tenth page", [{ category: "media" }], { page: 10, held: BARELY_COMMON }),
    events("category that does not exist", [{ category: "unknown" }]),
    combination("common category + common name", { category: COMMON, name: "pageview" }),
    combination("common category + rare name (1 in 10,000 of it)", { category: COMMON, name: "print" }),
    events("common category + rarest name (1 in 100,000 of it)", [{ category: COMMON, name: "easter egg" }], {
      goal: GUIDED,
    }),
    events("common category + rare name, third page", [{ category: COMMON, name: "print", limit: "10" }], {
      goal: GUIDED,
      page: 3,
    }),
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
      { goal: GUIDED },
    ),
    events("huge session + category", each({ category: COMMON }, sessions(places.huge)), { goal: FILTERED }),
    events("huge session + rare category", each({ category: "legal" }, sessions(places.huge)), { goal: FILTERED }),
  ];
}
