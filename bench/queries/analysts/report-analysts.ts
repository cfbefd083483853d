import type { Chart } from "../../shared/bar-chart.ts";
import { describeMachine, type Machine } from "../../shared/machine.ts";
import { markdownTable } from "../../shared/markdown-table.ts";
import { percentile } from "../../throughput/measures.ts";
import { type AnalystAnswer, type AnalystCost, allowedRows } from "./ask-analysts.ts";
import type { LayoutCosts } from "./other-layouts/ask-layouts.ts";

/** The questions of analysts, asked of a history of one size. */
export interface AnalystResult {
  events: number;
  answers: AnalystAnswer[];
  /** Of The Eye's database and of the other layouts. */
  bytesPerEvent: Record<string, number>;
  /** By layout; empty if they were not asked. */
  others: Record<string, LayoutCosts>;
}

const OTHERS = ["Umami", "PostHog"] as const;

/** The limits that must hold even if a goal is known to be missed. */
export function brokenAnswers(answers: readonly AnalystAnswer[]): string[] {
  return answers.flatMap(({ name, how, rowsRead, numbers, held }) => {
    if (how === "refused") return [`${name}: is refused`];
    const most = allowedRows(held, numbers ?? 0);
    return rowsRead > most ? [`${name}: reads ${rowsRead} rows, at most ${most}`] : [];
  });
}

/** The missed goals of an answer, described in words. */
export function missedBy({ how, rowsRead, numbers, goal, ms, mostMs }: AnalystAnswer): string[] {
  if (how === "refused") return ["refused: too many events"];
  const most = allowedRows(goal, numbers ?? 0);
  const slowest = percentileOf(ms, 0.95);
  return [
    ...(rowsRead > most ? [`reads ${count(rowsRead)} rows, at most ${count(most)}`] : []),
    ...(slowest > mostMs ? [`p95 ${time(slowest)}, at most ${time(mostMs)}`] : []),
  ];
}

export function analystReport(machine: Machine, results: readonly AnalystResult[], load: readonly number[]): string {
  const loads = load.map((one) => one.toFixed(1)).join(" before, ");
  return `# The questions of analysts

Made by \`npm run bench:queries\` on ${describeMachine(machine)}; load average ${loads} after.
Rows read are counts. The Eye's times are from the request to the answer (for a job: to its result) and, in brackets, in D1 alone.
Those of the other layouts are of their query in D1 alone, with the same events in the same process. A query that takes more than
two seconds is executed once; else times are the 95th percentile. See bench/README.md for what the layouts are and are not.

${results.map(sectionOf).join("\n\n")}
`;
}

function sectionOf({ events, answers, bytesPerEvent, others }: AnalystResult): string {
  const asked = OTHERS.filter((name) => others[name] !== undefined);
  const columns = asked.flatMap((name) => [`${name}'s layout: rows`, "time"]);
  const head = ["", "answered", "numbers", "rows read", "time (in D1)", "goals", ...columns];
  const rows = answers.map((answer) => {
    const { name, how, numbers, rowsRead, ms, d1Ms, elsewhere } = answer;
    const isAnswered = how !== "refused";
    const inD1 = d1Ms.length === 0 ? "" : ` (${time(percentileOf(d1Ms, 0.95))})`;
    return [
      ...[name, how, numbers === null ? "–" : count(numbers), isAnswered ? count(rowsRead) : "–"],
      isAnswered ? `${time(percentileOf(ms, 0.95))}${inD1}` : "–",
      missedBy(answer).join("; ") || "met",
      ...asked.flatMap((layout) => cells(elsewhere === null ? undefined : others[layout]?.[elsewhere])),
    ];
  });
  const compared = answers.flatMap(({ name, answer, elsewhere }) => {
    const theirs = asked.flatMap((layout) => (elsewhere === null ? [] : (others[layout]?.[elsewhere]?.answer ?? [])));
    return theirs.length === 0 ? [] : [[name, answer, ...theirs]];
  });
  const bytes = Object.entries(bytesPerEvent).map(([name, own]) => `${name} ${Math.round(own)}`);
  const results =
    asked.length === 0
      ? ""
      : `\n\nFirst numbers of the answers:\n\n${markdownTable(["", "The Eye", ...asked], compared)}`;
  return `## ${count(events)} events

${markdownTable(head, rows)}

Bytes an event, with indexes: ${bytes.join(", ")}.${results}`;
}

function cells(cost: AnalystCost | undefined): [string, string] {
  return cost === undefined ? ["", ""] : [count(cost.rowsRead), time(percentileOf(cost.ms, 0.95))];
}

/** The time of each question that was asked of all, in the largest history. */
export function analystChart(results: readonly AnalystResult[]): Chart {
  const largest = results.at(-1);
  const { events = 0, answers = [] } = largest ?? {};
  const others: AnalystResult["others"] = largest?.others ?? {};
  const secondsOf = (cost: AnalystCost | undefined) => (cost === undefined ? 0 : percentileOf(cost.ms, 0.95) / 1_000);
  const bar = (name: string, by: string, cost: AnalystCost | undefined) => ({
    name: `${name}: ${by}`,
    parts: [{ name: "seconds", value: secondsOf(cost) }],
  });
  return {
    title: `Questions of analysts, of ${count(events)} events`,
    unit: "seconds until the answer; bars are cut at 20. PostHog's layout in SQLite, not in ClickHouse",
    cutAt: 20,
    bars: answers.flatMap((answer) => {
      const { name, elsewhere, how } = answer;
      const theirs = OTHERS.filter((layout) => elsewhere !== null && others[layout]?.[elsewhere] !== undefined);
      return [
        bar(name, how === "refused" ? "The Eye (refused)" : "The Eye", how === "refused" ? undefined : answer),
        ...theirs.map((layout) =>
          bar(name, `${layout}'s layout`, elsewhere === null ? undefined : others[layout]?.[elsewhere]),
        ),
      ];
    }),
  };
}

function percentileOf(values: readonly number[], share: number): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    share,
  );
}

function time(ms: number): string {
  return ms < 1_000 ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function count(number: number): string {
  return Math.round(number).toLocaleString("en-GB");
}
