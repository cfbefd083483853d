import type { Places } from "../questions/question.ts";
import { pathOf } from "../questions/question.ts";
import type { SentQuery } from "../worker.ts";
import { CLICK, PAGEVIEW, SUBMIT } from "./declared.ts";

/** How many rows an answer may read. */
export type RowGoal = { kind: "per number"; rows: number } | { kind: "in all"; rows: number };

export interface AnalystQuestion {
  name: string;
  query: SentQuery;
  goal: RowGoal;
  /** The limit that `--check` enforces if the goal is missed. */
  held?: RowGoal;
  /** The time within which an answer must come, in milliseconds. */
  mostMs: number;
  /** The name of the same question in the other layouts; null if it is asked of The Eye alone. */
  elsewhere: Elsewhere | null;
}

/** The questions that are also asked of the other layouts: see other-layouts/. */
export type Elsewhere = "paths of a day" | "paths of a month" | "elements of a day" | "sessions" | "funnel" | "paths";

/** From the first step to the last. */
export const WITHIN_SECONDS = 1_800;
export const FIRST_PAGE = "/";
/** The events of a path after its first one. */
export const DEPTH = 3;

const PER_NUMBER: RowGoal = { kind: "per number", rows: 10 };
const VALUES_MS = 20;
const SAMPLED: RowGoal = { kind: "in all", rows: 1_000_000 };
const SAMPLED_MS = 1_000;
/** A job reads every event of the day, and the keys of a slice in each slot. */
const WHOLE: RowGoal = { kind: "in all", rows: 20_000_000 };
const WHOLE_MS = 15_000;
/** The same over a month, which has thirty times as many slots: each of 34 steps seeks in each of them. */
const WHOLE_MONTH: RowGoal = { kind: "in all", rows: 60_000_000 };

/** The questions of analysts: values of a property, sessions, funnels and paths. */
export function analystQuestions({ day, month }: Pick<Places, "day" | "month">): AnalystQuestion[] {
  const values = (name: string, elsewhere: Elsewhere | null, parameters: Record<string, string>): AnalystQuestion => ({
    name,
    query: { path: pathOf("/theeye/stats", parameters) },
    goal: PER_NUMBER,
    mostMs: VALUES_MS,
    elsewhere,
  });
  const paths = { ...PAGEVIEW, group_by: "data.path" };
  const elements = { ...CLICK, group_by: "data.element" };
  const start = { ...PAGEVIEW, data: { path: [FIRST_PAGE] } };
  const funnel = { steps: [start, CLICK, SUBMIT], within_seconds: WITHIN_SECONDS, ...day };
  const next = { start, events: PAGEVIEW, by: "data.path", depth: DEPTH, top: 10, ...day };
  // Exact percentiles and visitors are assembled from the events, and so are up to 300,000 events.
  const sessions = (
    name: string,
    parameters: Record<string, string>,
    rest: Pick<AnalystQuestion, "held" | "elsewhere">,
  ): AnalystQuestion => ({
    name: `sessions, bounces and durations, a month by day, ${name}`,
    query: { path: pathOf("/theeye/sessions/stats", { ...month, interval: "day", ...parameters }) },
    ...{ goal: PER_NUMBER, mostMs: VALUES_MS, ...rest },
  });
  const both = (name: string, elsewhere: Elsewhere, path: string, body: object): AnalystQuestion[] => [
    { name: `${name}, fast`, query: { path, body }, goal: SAMPLED, mostMs: SAMPLED_MS, elsewhere: null },
    {
      name: `${name}, exact`,
      query: { path, body: { ...body, accuracy: "exact" } },
      goal: WHOLE,
      mostMs: WHOLE_MS,
      elsewhere,
    },
  ];
  return [
    values("top 100 paths of page views, a day", "paths of a day", { ...paths, ...day, interval: "none", top: "100" }),
    values("top 10 paths of page views, a day by hour", null, { ...paths, ...day, interval: "hour", top: "10" }),
    values("top 100 paths of page views, a month", "paths of a month", {
      ...{ ...paths, ...month, interval: "none", top: "100" },
    }),
    values("top 10 paths of page views, a month by day", null, { ...paths, ...month, interval: "day", top: "10" }),
    values("clicked elements, a day by hour", "elements of a day", { ...elements, ...day, interval: "hour" }),
    values("clicked elements, a month by day", null, { ...elements, ...month, interval: "day" }),
    sessions("fast", { accuracy: "fast" }, { held: SAMPLED, elsewhere: null }),
    sessions("exact", { accuracy: "exact" }, { held: WHOLE_MONTH, elsewhere: "sessions" }),
    sessions("from counts", { metrics: "sessions,bounces,events,duration_mean" }, { elsewhere: null }),
    {
      ...sessions("", { metrics: "sessions,bounces" }, { elsewhere: null }),
      name: "sessions and bounces, a month by day, from counts",
    },
    ...both("funnel of three steps, a day", "funnel", "/theeye/funnels", funnel),
    ...both(`next ${DEPTH} pages after a page, a day`, "paths", "/theeye/paths", next),
  ];
}
