import type { Chart } from "../shared/bar-chart.ts";
import { describeMachine, type Machine } from "../shared/machine.ts";
import { markdownTable } from "../shared/markdown-table.ts";
import type { StoredBytes } from "./sample-events.ts";
import { allowance, growthOf, type Summary } from "./summary.ts";

export interface QueryResult {
  machine: Machine;
  /** By size of the database, the smallest first. */
  sizes: { events: number; fileBytes: number; questions: Summary[] }[];
  compared: Record<string, { rows: number; different: number }>;
  stored: StoredBytes;
  runs: number;
  load: readonly number[];
}

/** What must hold even where a goal is known to be missed: CI fails on these. */
export function brokenOf({ name, holds, held, mostRowsRead, wholeTable }: Summary): string[] {
  const broken: string[] = [];
  if (!holds) broken.push(`${name}: reads up to ${mostRowsRead}, which is more than ${JSON.stringify(held)}`);
  if (wholeTable.length > 0) broken.push(`${name}: plan: ${wholeTable.join("; ")}`);
  return broken;
}

/** The goals that a pair of summaries misses, each in words. */
export function missesOf(small: Summary | undefined, large: Summary): string[] {
  const missed: string[] = [];
  if (!large.meetsGoal) {
    const most = Math.floor(allowance(large.goal, large.returned));
    missed.push(`reads ${large.rowsRead} for ${large.returned}, at most ${most}`);
  }
  if (large.wholeTable.length > 0) missed.push(`plan: ${large.wholeTable.join("; ")}`);
  if (large.d1P95Ms > MAX_P95_MS) missed.push(`p95 ${large.d1P95Ms} ms, at most ${MAX_P95_MS}`);
  // What an answer of counts reads depends on how many series are active in its range, not on the size of the database.
  const growth = small === undefined || large.goal.kind === "cells" ? null : growthOf(small, large);
  if (growth !== null && growth > MAX_GROWTH) missed.push(`grows ${growth.toFixed(2)}, at most ${MAX_GROWTH}`);
  return missed;
}

export const MAX_P95_MS = 10;
export const MAX_GROWTH = 1.3;

export function queryReport(result: QueryResult): string {
  const [small, large] = [result.sizes[0], result.sizes.at(-1)];
  if (small === undefined || large === undefined) return "";
  const pairs = large.questions.map((summary) => ({
    summary,
    before: small === large ? undefined : small.questions.find(({ name }) => name === summary.name),
  }));
  const rows = pairs.map(({ summary, before }) => {
    const growth = before === undefined ? null : growthOf(before, summary);
    return [
      summary.name,
      String(summary.returned),
      count(summary.rowsRead),
      summary.rowsReadPerRow.toFixed(2),
      String(summary.statements),
      growth === null ? "–" : growth.toFixed(2),
      ms(summary.d1P50Ms, 0),
      ms(summary.d1P95Ms, 0),
      ms(summary.d1MeanMs, 2),
      ms(summary.wallP50Ms, 0),
      ms(summary.wallP95Ms, 0),
      missesOf(before, summary).join("; ") || "met",
    ];
  });
  const compared = Object.entries(result.compared).map(([table, { rows }]) => `${count(rows)} of ${table}`);
  const { bytesPerEvent, daysPerDatabase, events } = result.stored;
  const loads = result.load.map((load) => load.toFixed(1)).join(" before, ");
  return `# Questions at scale

Made by \`npm run bench:queries\` on ${describeMachine(result.machine)}; load average ${loads} after.
Rows read are counts: the same on every machine. Times are of local workerd, ${result.runs} runs of each of a question's places; D1's clock
has whole milliseconds there, so the mean says more than the percentiles.

## ${count(large.events)} events (${(large.fileBytes / 1e9).toFixed(2)} GB${small === large ? "" : `; growth: rows read per row returned, from ${count(small.events)} events`})

Columns 2 and 3 are of the worst answer. Times in milliseconds, all statements of an answer together.

${markdownTable(
  [
    "",
    "returned",
    "rows read",
    "per row, all answers",
    "statements",
    "growth",
    "D1 p50",
    "D1 p95",
    "D1 mean",
    "wall p50",
    "wall p95",
    "goals",
  ],
  rows,
)}

## Bytes

The brief's three samples, ${count(events)} events in interleaved sessions of ten, written by \`writeBatch\` in batches of 100: **${bytesPerEvent.toFixed(1)} bytes
an event**, tables, indexes and free pages counted. A database of 10 GB lasts **${daysPerDatabase.toFixed(1)} days** at 100 events a second.

## The fill

Rows written straight into the file were compared with those that \`writeBatch\` wrote, both ways: ${compared.join(", ")}; none differs.
`;
}

/** Rows read for each row returned, in the largest database. */
export function queryChart({ sizes }: QueryResult): Chart {
  const large = sizes.at(-1);
  return {
    title: `Rows read for each row returned, of ${count(large?.events ?? 0)} events`,
    unit: "rows read / rows (or cells) returned, all answers of a question; bars are cut at 50",
    cutAt: 50,
    bars: (large?.questions ?? []).map(({ name, rowsReadPerRow }) => ({
      name,
      parts: [{ name: "rows read per row", value: rowsReadPerRow }],
    })),
  };
}

function ms(time: number, decimals: number): string {
  return Number.isNaN(time) ? "–" : time.toFixed(decimals);
}

function count(number: number): string {
  return Math.round(number).toLocaleString("en-GB");
}
