import { MAX_EVENTS_COUNTED } from "../../../src/storage/core/read-limits.ts";
import { uuid } from "../data/random.ts";
import { type Filters, type Goal, type Places, pathOf, type Question, question } from "./question.ts";

/** An exact list of 100 sessions by their last events. */
const LIST: Goal = { kind: "bound", rows: 60_000 };
const LIST_P95_MS = 40;

/** A list of its events, and all of its events for the summary, both with their slots. */
const SUMMARY: Goal = { kind: "each", rows: 2 * 12, more: 2 * 2_500 };
const COUNTED: Goal = { kind: "bound", rows: 2 * MAX_EVENTS_COUNTED + 12 * 100 + 2_500 };

/** Lists of sessions, and sessions with their summary. */
export function sessionQuestions({ narrow, upTo, wide, small, huge, daylong, deep }: Places): Question[] {
  const lists = (name: string, filters: Filters[], rest: Partial<Question> = {}) =>
    question(
      `sessions: ${name}`,
      filters.map((one) => pathOf("/theeye/sessions", one)),
      { goal: LIST, p95Ms: LIST_P95_MS, ...rest },
    );
  const summaries = (name: string, ids: string[], rest: Partial<Question> = {}) =>
    question(
      `session with summary, ${name}`,
      ids.map((id) => `/theeye/sessions/${id}`),
      { goal: SUMMARY, ...rest },
    );
  return [
    lists("newest", [{}, { limit: "20" }]),
    lists("second page", [{}], { page: 2 }),
    lists("tenth page", [{}], { page: 10 }),
    lists("deep page", [{}], { page: deep, scanBy: 1_000 }),
    lists("up to a time", upTo),
    lists("of a minute", narrow),
    lists("of the whole range", [wide]),
    lists("newest, with times", [{ include: "times" }]),
    summaries("small", small),
    summaries("huge", huge, { goal: COUNTED, p95Ms: null }),
    ...(daylong.length === 0 ? [] : [summaries("huge, all day", daylong, { goal: COUNTED, p95Ms: null })]),
    summaries("unknown", [uuid(7, 1)], { status: 404 }),
  ];
}
