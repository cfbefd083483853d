import type { Chart } from "../shared/bar-chart.ts";
import { describeMachine, type Machine } from "../shared/machine.ts";
import { markdownTable } from "../shared/markdown-table.ts";
import type { Comparison } from "./data/compare-files.ts";
import type { LayoutName } from "./data/layouts.ts";
import type { StoredBytes } from "./data/sample-events.ts";
import { allowance, growthOf, type Summary } from "./summary.ts";

export interface QueryResult {
  machine: Machine;
  /** Databases with large partitions by their size, the smallest first, and one with small partitions. */
  databases: FilledDatabase[];
  /** Of all fills. */
  compared: Comparison;
  stored: StoredBytes;
  runs: number;
  load: readonly number[];
}

export interface FilledDatabase {
  layout: LayoutName;
  events: number;
  partitions: number;
  fileBytes: number;
  questions: Summary[];
}

/** The limits that must hold even if a goal is known to be missed: CI fails if one is exceeded. */
export function brokenOf({ name, holds, held, mostRowsRead, wholeTable }: Summary): string[] {
  const broken: string[] = [];
  if (!holds) broken.push(`${name}: reads up to ${mostRowsRead}, which is more than ${JSON.stringify(held)}`);
  if (wholeTable.length > 0) broken.push(`${name}: plan: ${wholeTable.join("; ")}`);
  return broken;
}

/** The missed goals of a pair of summaries, described in words. */
export function missesOf(small: Summary | undefined, large: Summary): string[] {
  const missed: string[] = [];
  if (!large.meetsGoal) {
    const allowed = Math.floor(allowance(large.goal, large.returned));
    missed.push(`reads ${large.rowsRead} for ${large.returned}, at most ${allowed}`);
  }
  if (large.wholeTable.length > 0) missed.push(`plan: ${large.wholeTable.join("; ")}`);
  const most = large.mostD1P95Ms;
  if (most !== null && large.d1P95Ms > most) missed.push(`p95 ${large.d1P95Ms} ms, at most ${most}`);
  // The rows that an answer from counts reads depend on the number of active series in its range, not on the size of the
  // database.
  const growth = small === undefined || large.goal.kind === "cells" ? null : growthOf(small, large);
  if (growth !== null && growth > MAX_GROWTH) missed.push(`grows ${growth.toFixed(2)}, at most ${MAX_GROWTH}`);
  return missed;
}

export const MAX_GROWTH = 1.3;

export function queryReport(result: QueryResult): string {
  const compared = Object.entries(result.compared).map(([table, { rows }]) => `${count(rows)} of ${table}`);
  const { bytesPerEvent, daysPerDatabase, events } = result.stored;
  const loads = result.load.map((load) => load.toFixed(1)).join(" before, ");
  return `# Queries at scale

Made by \`npm run bench:queries\` on ${describeMachine(result.machine)}; load average ${loads} after.
Rows read are counts: the same on every machine. Times are of local workerd, with ${result.runs} runs at each place of a query; D1's clock
has whole milliseconds there, so the mean says more than the percentiles.

Columns 2 and 3 are of the worst answer. Times in milliseconds, all statements of an answer together. Growth: of rows read per row
returned, from the smaller database.

${sectionsOf(result.databases).join("\n\n")}

## Bytes

The brief's three samples, ${count(events)} events in interleaved sessions of ten, written by \`writeBatch\` in batches of 100: **${bytesPerEvent.toFixed(1)} bytes
an event**, tables, indexes and free pages counted. A database of 10 GB lasts **${daysPerDatabase.toFixed(1)} days** at 100 events a second.

## The fill

Rows written straight into the files were compared with those that \`writeBatch\` wrote, both ways: ${compared.join(", ")}; none differs.
`;
}

/** A table for the largest database of each layout. */
function sectionsOf(databases: readonly FilledDatabase[]): string[] {
  return [...Map.groupBy(databases, ({ layout }) => layout).values()].map((own) => {
    const [small, large] = [own[0], own.at(-1)];
    if (small === undefined || large === undefined) return "";
    const before = small === large ? null : small;
    const since = before === null ? "" : `; growth from ${count(before.events)}`;
    return `## ${count(large.events)} events in ${large.partitions} partitions (${(large.fileBytes / 1e9).toFixed(2)} GB${since})

${tableOf(large, before)}`;
  });
}

function tableOf(large: FilledDatabase, before: FilledDatabase | null): string {
  const head = ["", "returned", "rows read", "per row, all answers", "statements"];
  const times = ["D1 p50", "D1 p95", "D1 mean", "wall p50", "wall p95"];
  const rows = large.questions.map((summary) => {
    const same = before?.questions.find(({ name }) => name === summary.name);
    const growth = same === undefined ? null : growthOf(same, summary);
    return [
      summary.name,
      String(summary.returned),
      count(summary.rowsRead),
      summary.rowsReadPerRow.toFixed(2),
      String(summary.statements),
      ...(before === null ? [] : [growth === null ? "–" : growth.toFixed(2)]),
      ms(summary.d1P50Ms, 0),
      ms(summary.d1P95Ms, 0),
      ms(summary.d1MeanMs, 2),
      ms(summary.wallP50Ms, 0),
      ms(summary.wallP95Ms, 0),
      missesOf(same, summary).join("; ") || "met",
    ];
  });
  return markdownTable([...head, ...(before === null ? [] : ["growth"]), ...times, "goals"], rows);
}

/** Rows read for each row returned, in the largest database. */
export function queryChart({ databases }: QueryResult): Chart {
  const large = databases.filter(({ layout }) => layout === "large").at(-1);
  return {
    title: `Rows read for each row returned, of ${count(large?.events ?? 0)} events`,
    unit: "rows read / rows (or aggregate rows) returned, all answers to a query; bars are cut at 50",
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
