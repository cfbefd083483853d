import { setTimeout as wait } from "node:timers/promises";
import type { QueryPlatform } from "../query-platform.ts";
import type { Scanned, SentQuery } from "../worker.ts";
import type { AnalystQuestion, RowGoal } from "./analyst-questions.ts";

/** What one answer costs. */
export interface AnalystCost {
  rowsRead: number;
  /** From the request to the answer, or to the end of its job, in milliseconds: one for each run. */
  ms: number[];
  /** The main numbers of the answer, to compare it with others. */
  answer: string;
}

export interface AnalystAnswer extends AnalystCost {
  name: string;
  elsewhere: AnalystQuestion["elsewhere"];
  /** The numbers in the answer; null if it was refused. */
  numbers: number | null;
  how: "at once" | "from a sample" | "as a job" | "refused";
  goal: RowGoal;
  held: RowGoal;
  mostMs: number;
  /** In D1 alone, all statements together; empty for jobs. */
  d1Ms: number[];
}

const POLL_MS = 20;

/** Asks each question `runs` times, at least once, and a long one once. @throws Error if a job fails */
export async function askAnalysts(
  platform: QueryPlatform,
  questions: readonly AnalystQuestion[],
  runs: number,
  progress: (done: number) => void,
): Promise<AnalystAnswer[]> {
  const answers: AnalystAnswer[] = [];
  for (const { name, query, goal, held = goal, mostMs, elsewhere } of questions) {
    const ms: number[] = [];
    let last = await timed(platform, query, ms);
    const isLong = (ms[0] ?? 0) > LONG_MS;
    // The first run of a short question reads the schema and the series too.
    if (runs > 0 && !isLong) ms.length = 0;
    while (ms.length < Math.max(1, isLong ? 1 : runs)) last = await timed(platform, query, ms);
    const { body, how } = last;
    const numbers = how === "refused" ? null : numbersIn(body);
    const cost = await costInD1(platform, query, { body, how }, isLong ? Math.min(1, runs) : runs);
    answers.push({
      ...{ name, elsewhere, how, numbers, ms, goal, held, mostMs },
      ...{ ...cost, answer: mainNumbers(body) },
    });
    progress(answers.length);
  }
  return answers;
}

/** A question that takes longer than this is asked once. */
const LONG_MS = 2_000;

/** The rows and time of all statements of an answer. They are executed again; a job reports its rows itself. */
async function costInD1(
  platform: QueryPlatform,
  query: SentQuery,
  { body, how }: { body: Record<string, unknown>; how: AnalystAnswer["how"] },
  runs: number,
): Promise<{ rowsRead: number; d1Ms: number[] }> {
  if (how === "refused") return { rowsRead: 0, d1Ms: [] };
  if (how === "as a job") return { rowsRead: typeof body.rows_read === "number" ? body.rows_read : 0, d1Ms: [] };
  const { statements } = await platform.ask(query, { runs, plans: false });
  const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0);
  return {
    rowsRead: sum(statements.map(({ rowsRead }) => rowsRead)),
    d1Ms: Array.from({ length: runs }, (_, run) => sum(statements.map(({ durationsMs }) => durationsMs[run] ?? 0))),
  };
}

async function timed(
  platform: QueryPlatform,
  query: SentQuery,
  ms: number[],
): Promise<{ body: Record<string, unknown>; how: AnalystAnswer["how"] }> {
  const from = performance.now();
  const found: Scanned = await platform.scan(query);
  const body = found.status === 202 ? await resultOf(platform, membersOf(found.body).job) : membersOf(found.body);
  ms.push(performance.now() - from);
  if (found.status === 202) return { body, how: "as a job" };
  if (found.status !== 200) return { body, how: "refused" };
  return { body, how: membersOf(body.accuracy).sampled === undefined ? "at once" : "from a sample" };
}

async function resultOf(platform: QueryPlatform, job: unknown): Promise<Record<string, unknown>> {
  for (;;) {
    const body = membersOf((await platform.scan({ path: `/theeye/jobs/${String(job)}` })).body);
    if (body.status === "done") return { ...membersOf(body.result), rows_read: body.rows_read };
    if (body.status !== "running") throw new Error(`a job failed: ${JSON.stringify(body)}`);
    await wait(POLL_MS);
  }
}

/** The rows that an answer may read. */
export function allowedRows(goal: RowGoal, numbers: number): number {
  return goal.kind === "in all" ? goal.rows : goal.rows * Math.max(1, numbers);
}

/** Members that state the query or its cost instead of a result. */
const NO_RESULTS = new Set(["rows_read", "accuracy", "depth", "level"]);

/** The numbers of an answer, without the intervals of estimates. */
export function numbersIn(value: unknown): number {
  if (typeof value === "number") return 1;
  if (Array.isArray(value)) return value.reduce<number>((sum, one) => sum + numbersIn(one), 0);
  return Object.entries(membersOf(value)).reduce(
    (sum, [member, own]) => sum + (NO_RESULTS.has(member) || member.includes("interval") ? 0 : numbersIn(own)),
    0,
  );
}

/** The counts of the steps or of the first level, or the first group's total, or the sessions and bounces. */
function mainNumbers(body: Record<string, unknown>): string {
  const list = (value: unknown) => (Array.isArray(value) ? value.map(membersOf) : []);
  const { sessions, bounces } = membersOf(body.total);
  const found =
    body.steps !== undefined
      ? list(body.steps).map(({ count }) => count)
      : body.levels !== undefined
        ? list([body.levels].flat()[0]).map(({ count }) => count)
        : sessions !== undefined
          ? [membersOf(sessions).total, membersOf(bounces).total]
          : list(body.results)
              .map(({ total }) => total)
              .slice(0, 1);
  return found.filter((one) => typeof one === "number").join(", ");
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
