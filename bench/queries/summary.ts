import { percentile } from "../throughput/measures.ts";
import type { Answer, Measured } from "./measure.ts";
import type { Goal } from "./questions/question.ts";

/** The cost of one query, over its answers. */
export interface Summary {
  name: string;
  goal: Goal;
  answers: number;
  /** Rows or aggregate rows of the answer with the most rows read per row returned, and its rows read. */
  returned: number;
  rowsRead: number;
  /** Over all answers. */
  returnedInAll: number;
  rowsReadPerRow: number;
  mostRowsRead: number;
  statements: number;
  d1P50Ms: number;
  d1P95Ms: number;
  /** The mean, because D1's clock has whole milliseconds here. */
  d1MeanMs: number;
  wallP50Ms: number;
  wallP95Ms: number;
  /** The limit of p95 in D1. */
  mostD1P95Ms: number | null;
  meetsGoal: boolean;
  /** The limit that replaces a missed goal, and whether it holds. */
  held: Goal;
  holds: boolean;
  wholeTable: string[];
}

export function summarise({ question, answers }: Measured): Summary {
  const worst = answers.reduce<Answer | undefined>(
    (most, answer) =>
      most === undefined || excess(question.goal, answer) > excess(question.goal, most) ? answer : most,
    undefined,
  );
  const returned = sum(answers.map((answer) => answer.returned));
  const d1Ms = answers.flatMap((answer) => answer.d1Ms).sort((a, b) => a - b);
  const wallMs = answers.flatMap((answer) => answer.wallMs).sort((a, b) => a - b);
  return {
    name: question.name,
    goal: question.goal,
    answers: answers.length,
    returned: worst?.returned ?? 0,
    rowsRead: worst?.rowsRead ?? 0,
    returnedInAll: returned,
    rowsReadPerRow: sum(answers.map(({ rowsRead }) => rowsRead)) / Math.max(1, returned),
    mostRowsRead: Math.max(0, ...answers.map(({ rowsRead }) => rowsRead)),
    statements: Math.max(0, ...answers.map(({ statements }) => statements)),
    d1P50Ms: percentile(d1Ms, 0.5),
    d1P95Ms: percentile(d1Ms, 0.95),
    d1MeanMs: sum(d1Ms) / d1Ms.length,
    wallP50Ms: percentile(wallMs, 0.5),
    wallP95Ms: percentile(wallMs, 0.95),
    mostD1P95Ms: question.p95Ms,
    meetsGoal: worst === undefined || excess(question.goal, worst) <= 0,
    held: question.held ?? question.goal,
    holds: answers.every((answer) => excess(question.held ?? question.goal, answer) <= 0),
    wholeTable: [...new Set(answers.flatMap(({ wholeTable }) => wholeTable))],
  };
}

/** Rows that an answer may read. */
export function allowance(goal: Goal, returned: number): number {
  if (goal.kind === "list") return 1.2 * returned + 10;
  if (goal.kind === "cells") return 10 * Math.max(1, returned);
  return goal.kind === "each" ? goal.rows * returned + goal.more : goal.rows;
}

function excess(goal: Goal, { rowsRead, returned }: Answer): number {
  return rowsRead - allowance(goal, returned);
}

/** The ratio of rows read per row returned in the larger database to those in the smaller; null if one of them returns none. */
export function growthOf(small: Summary, large: Summary): number | null {
  const isEmpty = small.returnedInAll === 0 || large.returnedInAll === 0;
  return isEmpty ? null : large.rowsReadPerRow / small.rowsReadPerRow;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
