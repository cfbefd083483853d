import { MAX_ROWS_EXAMINED } from "../../../src/storage/core/read-limits.ts";
import { type Filters, type Goal, type Places, pathOf, type Question, question } from "./question.ts";

const COMMON = "page interaction";

/** Counts of events over time. */
export function statsQuestions({ day, month }: Places): Question[] {
  const stats = (name: string, asked: Filters) =>
    question(`stats: ${name}`, [pathOf("/theeye/stats", asked)], {
      goal: { kind: "cells" },
      // For ranges with so few aggregate rows that most rows read are series.
      held: { kind: "each", rows: 10, more: 100 },
    });
  return [
    stats("a day by minute", { interval: "minute", ...day }),
    stats("a day by hour", { interval: "hour", ...day }),
    stats("a day by hour and category", { interval: "hour", group_by: "category", ...day }),
    stats("a day by minute and application", { interval: "minute", group_by: "application", ...day }),
    stats("a day by hour, one category", { interval: "hour", category: COMMON, ...day }),
    stats("a day by hour, one application", { interval: "hour", application: "blog", ...day }),
    stats("a month by hour", { interval: "hour", ...month }),
    stats("a month by hour, one event type", { interval: "hour", category: COMMON, name: "pageview", ...month }),
    stats("a month by day", { interval: "day", ...month }),
    stats("a month by day and application", { interval: "day", group_by: "application", ...month }),
    stats("a month by day, application, category and name", {
      interval: "day",
      group_by: "application,category,name",
      ...month,
    }),
  ];
}

/** The scanned rows, read again up to the end of the page, and the rows of the page. */
const FILTERED: Goal = { kind: "bound", rows: 2 * MAX_ROWS_EXAMINED + 200 };

/** Lists of errors, and the summary of failures. */
export function errorQuestions({ day, month, narrow, failed }: Places): Question[] {
  const errors = (name: string, filters: Filters[], rest: Partial<Question> = {}) =>
    question(
      `errors: ${name}`,
      filters.map((one) => pathOf("/theeye/errors", one)),
      rest,
    );
  const summedUp = (name: string, asked: Filters) =>
    question(`failures summed up: ${name}`, [pathOf("/theeye/errors/summary", asked)], {
      goal: { kind: "cells" },
      // For so few failures that most rows read are the counts of their types' traffic.
      held: { kind: "each", rows: 10, more: 1_000 },
    });
  return [
    errors("newest", [{}]),
    errors("tenth page", [{}], { page: 10 }),
    errors("of a minute", narrow),
    errors("open", [{ status: "open" }]),
    errors("code, common", [{ code: "data_invalid" }]),
    errors("code, rare", [{ code: "name_invalid" }]),
    errors(
      "session",
      failed.map((session_id) => ({ session_id })),
      // The archive's session index is probed too: its buckets are the elements of a JSON array, which count as rows.
      { goal: { kind: "each", rows: 2, more: 30 } },
    ),
    errors("category, common", [{ category: COMMON }]),
    errors("category, rare", [{ category: "experiment" }]),
    errors("name", [{ name: "cta click" }]),
    errors("application, common", [{ application: "shop" }]),
    errors("application, rare", [{ application: "kiosk" }]),
    errors("code + application", [{ code: "timestamp_in_future", application: "blog" }], { goal: FILTERED }),
    errors("common code + rare application", [{ code: "data_invalid", application: "kiosk" }], { goal: FILTERED }),
    summedUp("a day", day),
    summedUp("a month", month),
    summedUp("a day, one code", { ...day, code: "data_invalid" }),
  ];
}
