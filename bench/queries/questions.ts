import { formatTimestamp, type Micros } from "../../src/model/time.ts";
import {
  MAX_EVENTS_COUNTED,
  MAX_GUIDED_ROWS,
  MAX_GUIDING_COUNTS,
  MAX_ROWS_EXAMINED,
} from "../../src/storage/read-limits.ts";
import { END, EVENTS_PER_ERROR, errorAt, type History, sessionId } from "./history.ts";
import { word } from "./random.ts";

/** How many rows an answer may read. `returned`: of rows or of cells. */
export type Goal =
  | { kind: "list" }
  /** Results of an answer of counts. */
  | { kind: "cells" }
  /** What no index covers: the bound that the code keeps, whatever is returned. */
  | { kind: "bound"; rows: number }
  /** So many rows for each that is returned, and some more. */
  | { kind: "each"; rows: number; more: number };

export interface Question {
  name: string;
  goal: Goal;
  /** What is known to hold where the goal does not: this is what CI holds. */
  held?: Goal;
  /** The same question in several places of the history. */
  paths: string[];
  /** The page that is measured; those before it are walked through. */
  page: number;
}

const HOUR: Micros = 3_600_000_000;
const DAY = 24 * HOUR;

/** What guiding by counts may read: see guided-scan.ts. */
const GUIDED: Goal = { kind: "bound", rows: 2 * MAX_GUIDING_COUNTS + 2 * MAX_GUIDED_ROWS };
/** A filter left over: what is examined, once more up to the place that was reached, and a page of what is found. */
const FILTERED: Goal = { kind: "bound", rows: 2 * MAX_ROWS_EXAMINED + 200 };

/** Every question of the interface, for a history: `places` of each. */
export function questionsOf(history: History, places: number): Question[] {
  const { events, seed, busyFrom, start } = history;
  const all = Array.from({ length: places }, (_, place) => place);
  /** Moments in the busy time, a stretch before its end. */
  const moments = (stretch: Micros) =>
    all.map(
      (place) => busyFrom + Math.floor((word(seed, place, 40) / 2 ** 32) * Math.max(0, END - busyFrom - stretch)),
    );
  const narrow = moments(HOUR / 60).map((at) => ({ start_date: iso(at), end_date: iso(at + HOUR / 60) }));
  const upTo = moments(0).map((at) => ({ end_date: iso(at) }));
  const wide = [{ start_date: iso(start), end_date: iso(END) }];
  const placeOf = (use: number, of: number) => all.map((place) => word(seed, place, use) % of);
  const sessions = placeOf(41, events).map((place) => sessionId(history, history.session[place] ?? 0));
  const small = sessions.filter((id) => !history.largest.some(({ session }) => sessionId(history, session) === id));
  const huge = history.largest.slice(0, 2).map(({ session }) => sessionId(history, session));
  const failed = placeOf(42, Math.floor(events / EVENTS_PER_ERROR)).map((error) => errorAt(history, error));
  const page = "page interaction";

  const list = (name: string, filters: Filters[], goal: Goal = { kind: "list" }, number = 1): Question => ({
    name,
    goal,
    paths: filters.map((one) => path("/theeye/events", one)),
    page: number,
  });
  const errors = (name: string, filters: Filters[], goal: Goal = { kind: "list" }, number = 1): Question => ({
    name: `errors: ${name}`,
    goal,
    paths: filters.map((one) => path("/theeye/errors", one)),
    page: number,
  });
  const stats = (name: string, asked: Filters): Question => ({
    name: `stats: ${name}`,
    goal: { kind: "cells" },
    paths: [path("/theeye/stats", asked)],
    page: 1,
  });
  const sessionLists = (name: string, filters: Filters[], goal: Goal = { kind: "list" }, number = 1): Question => ({
    name: `sessions: ${name}`,
    goal,
    paths: filters.map((one) => path("/theeye/sessions", one)),
    page: number,
  });
  const day = { start_date: iso(END - DAY), end_date: iso(END - 1) };
  const month = { start_date: iso(END - 30 * DAY), end_date: iso(END - 1) };
  const each = (filters: Filters, of: Filters[]) => of.map((one) => ({ ...filters, ...one }));

  return [
    list("events, newest", [{}, { limit: "20" }, { limit: "1000" }]),
    list("events, tenth page", [{}], { kind: "list" }, 10),
    list("events up to a moment", upTo),
    list("events of a minute", narrow),
    list("events of the whole range", wide),
    list(
      "session, small",
      each(
        {},
        small.map((session_id) => ({ session_id })),
      ),
    ),
    list(
      "session, huge",
      huge.map((session_id) => ({ session_id })),
    ),
    list(
      "session, huge, tenth page",
      huge.map((session_id) => ({ session_id })),
      { kind: "list" },
      10,
    ),
    list("category of half the traffic", [{ category: page }, ...each({ category: page }, upTo)]),
    list("category of half the traffic, tenth page", [{ category: page }], { kind: "list" }, 10),
    list("category of half the traffic, a minute", each({ category: page }, narrow)),
    list("category of one in 100,000", [{ category: "legal" }, ...each({ category: "legal" }, upTo)]),
    list("category of one in a million", [{ category: "incident" }]),
    list("category of one in a million, a minute", each({ category: "incident" }, narrow)),
    list("common category + common name", each({ category: page, name: "pageview" }, [{}, ...upTo]), GUIDED),
    list(
      "common category + rare name (1 in 10,000 of it)",
      each({ category: page, name: "print" }, [{}, ...upTo]),
      GUIDED,
    ),
    list("common category + rarest name (1 in 100,000 of it)", [{ category: page, name: "easter egg" }], GUIDED),
    list("common category + rare name, third page", [{ category: page, name: "print", limit: "10" }], GUIDED, 3),
    list("lesser category + rare name", each({ category: "commerce", name: "refund" }, [{}, ...upTo]), GUIDED),
    list("name alone, common", each({ name: "pageview" }, [{}, ...upTo]), GUIDED),
    list("name alone, rare", each({ name: "print" }, [{}, ...upTo]), GUIDED),
    list("application alone, half the traffic", each({ application: "shop" }, [{}, ...upTo]), GUIDED),
    list("application alone, one in 10,000", each({ application: "kiosk" }, [{}, ...upTo]), GUIDED),
    list("application + common category", each({ application: "blog", category: page }, [{}, ...upTo]), GUIDED),
    list("rare application + common category", each({ application: "kiosk", category: page }, [{}, ...upTo]), GUIDED),
    list("application + rare category", each({ application: "blog", category: "legal" }, [{}, ...upTo]), GUIDED),
    list(
      "application + category + name, a minute",
      each({ application: "blog", category: page, name: "cta click" }, narrow),
      GUIDED,
    ),
    list(
      "huge session + category",
      huge.map((session_id) => ({ session_id, category: page })),
      FILTERED,
    ),
    sessionLists("newest", [{}, { limit: "20" }]),
    sessionLists("tenth page", [{}], { kind: "list" }, 10),
    sessionLists("of a minute", narrow),
    sessionLists("of the whole range", wide),
    // An opening, the session's first event and its last.
    sessionLists("newest, with times", [{ include: "times" }], { kind: "each", rows: 3, more: 20 }),
    {
      name: "session with summary, small",
      goal: { kind: "bound", rows: 700 },
      paths: small.map((id) => `/theeye/sessions/${id}`),
      page: 1,
    },
    {
      name: "session with summary, huge",
      goal: { kind: "bound", rows: MAX_EVENTS_COUNTED + 200 },
      paths: huge.map((id) => `/theeye/sessions/${id}`),
      page: 1,
    },
    stats("a day by minute", { interval: "minute", ...day }),
    stats("a day by hour", { interval: "hour", ...day }),
    stats("a day by hour and category", { interval: "hour", group_by: "category", ...day }),
    stats("a day by minute and application", { interval: "minute", group_by: "application", ...day }),
    stats("a day by hour, one category", { interval: "hour", category: page, ...day }),
    stats("a day by hour, one application", { interval: "hour", application: "blog", ...day }),
    stats("a month by hour", { interval: "hour", ...month }),
    stats("a month by hour, one event type", { interval: "hour", category: page, name: "pageview", ...month }),
    stats("a month by day", { interval: "day", ...month }),
    stats("a month by day and application", { interval: "day", group_by: "application", ...month }),
    stats("a month by day, application, category and name", {
      interval: "day",
      group_by: "application,category,name",
      ...month,
    }),
    errors("newest", [{}]),
    errors("tenth page", [{}], { kind: "list" }, 10),
    errors("of a minute", narrow),
    errors("open", [{ status: "open" }]),
    errors("code, common", [{ code: "data_invalid" }]),
    errors("code, rare", [{ code: "name_invalid" }]),
    errors(
      "session",
      failed.flatMap(({ session }) => (session === null ? [] : [{ session_id: session }])),
    ),
    errors("category, common", [{ category: page }]),
    errors("category, rare", [{ category: "experiment" }]),
    errors("name", [{ name: "cta click" }]),
    errors("application, common", [{ application: "shop" }]),
    errors("application, rare", [{ application: "kiosk" }]),
    errors("code + application", [{ code: "timestamp_in_future", application: "blog" }], FILTERED),
    errors("common code + rare application", [{ code: "data_invalid", application: "kiosk" }], FILTERED),
    ...[
      { name: "a day", asked: day },
      { name: "a month", asked: month },
      { name: "a day, one code", asked: { ...day, code: "data_invalid" } },
    ].map(
      ({ name, asked }): Question => ({
        name: `failures summed up: ${name}`,
        goal: { kind: "cells" },
        // Where failures are so few that most of what is read are the counts of their types' traffic.
        held: { kind: "each", rows: 10, more: 1_000 },
        paths: [path("/theeye/errors/summary", asked)],
        page: 1,
      }),
    ),
  ];
}

type Filters = Record<string, string>;

function path(to: string, filters: Filters): string {
  const query = new URLSearchParams(filters).toString();
  return query === "" ? to : `${to}?${query}`;
}

function iso(at: Micros): string {
  return formatTimestamp(at);
}
