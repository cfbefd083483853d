import * as v from "valibot";
import { wholeTableSteps } from "./plan-steps.ts";
import type { QueryPlatform } from "./query-platform.ts";
import type { Question } from "./questions/question.ts";

/** One answer to one query, at one place of the history. */
export interface Answer {
  path: string;
  returned: number;
  rowsRead: number;
  statements: number;
  /** Milliseconds in D1, for all statements of a run together, and as seen by the Worker. */
  d1Ms: number[];
  wallMs: number[];
  /** Steps of query plans that read or sort a whole table. */
  wholeTable: string[];
  more: boolean;
}

export interface Measured {
  question: Question;
  answers: Answer[];
}

/** Runs every query at each of its places, `runs` times. @throws Error if one is refused */
export async function measure(
  platform: QueryPlatform,
  questions: readonly Question[],
  how: { runs: number; plans: boolean },
  progress: (done: number) => void,
): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const question of questions) {
    const answers: Answer[] = [];
    for (const first of question.paths) {
      const path = await pageOf(platform, first, question);
      answers.push(await answerOf(platform, path, { ...how, status: question.status }));
    }
    measured.push({ question, answers });
    progress(measured.length);
  }
  return measured;
}

/** The path of a later page, reached by following `next`; the last one if there are fewer. */
async function pageOf(platform: QueryPlatform, first: string, { page, scanBy }: Question): Promise<string> {
  let path = first;
  for (let number = 1; number < page; number++) {
    const { body } = await platform.scan({ path: withLimit(path, scanBy) });
    if (typeof body.next !== "string") break;
    const cursor = new URL(body.next, "http://localhost").searchParams.get("cursor") ?? "";
    const url = new URL(first, "http://localhost");
    url.searchParams.set("cursor", cursor);
    path = url.pathname + url.search;
  }
  return path;
}

function withLimit(path: string, limit: number | undefined): string {
  if (limit === undefined) return path;
  const url = new URL(path, "http://localhost");
  url.searchParams.set("limit", String(limit));
  return url.pathname + url.search;
}

async function answerOf(
  platform: QueryPlatform,
  path: string,
  how: { runs: number; plans: boolean; status: number },
): Promise<Answer> {
  const { status, body, statements, wallMs } = await platform.ask({ path }, how);
  if (status !== how.status) throw new Error(`${path} answers ${status}: ${JSON.stringify(body)}`);
  const d1Ms = Array.from({ length: how.runs }, (_, run) =>
    statements.reduce((sum, { durationsMs }) => sum + (durationsMs[run] ?? 0), 0),
  );
  return {
    path,
    returned: returnedIn(body.results ?? []),
    rowsRead: statements.reduce((sum, { rowsRead }) => sum + rowsRead, 0),
    statements: statements.length,
    d1Ms,
    wallMs,
    wholeTable: statements.flatMap(({ sql, plan }) => wholeTableSteps(sql, plan)),
    more: typeof body.next === "string",
  };
}

const GroupSchema = v.object({ over_time: v.array(v.number()) });
const LineSchema = v.object({ values: v.array(v.nullable(v.number())) });

/**
 * The number of rows or aggregate rows of an answer. A group of failures has an aggregate row for each of its counts over
 * time, and a group of statistics one for each bucket.
 */
export function returnedIn(results: readonly unknown[]): number {
  return results.reduce<number>((sum, result) => {
    if (v.is(GroupSchema, result)) return sum + result.over_time.filter((count) => count !== 0).length;
    return sum + (v.is(LineSchema, result) ? result.values.length : 1);
  }, 0);
}
