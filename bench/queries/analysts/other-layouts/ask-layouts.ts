import { END } from "../../data/layouts.ts";
import type { AnalystQuestion, Elsewhere } from "../analyst-questions.ts";
import type { AnalystCost } from "../ask-analysts.ts";
import { type LayoutPlatform, startLayoutPlatform } from "./layout-platform.ts";
import type { OtherLayout, OtherRanges } from "./other-layout.ts";

const DAY = 86_400_000_000;
const RANGES: OtherRanges = { day: { from: END - DAY, to: END - 1 }, month: { from: END - 30 * DAY, to: END - 1 } };

/** What a layout's own query costs for each question that it can answer. */
export type LayoutCosts = Partial<Record<Elsewhere, AnalystCost>>;

/** A query that takes longer than this is executed once. */
const LONG_MS = 2_000;

/** Asks the questions of each layout, up to `runs` times. */
export async function askLayouts(
  layouts: readonly OtherLayout[],
  storage: string,
  { questions, runs }: { questions: readonly AnalystQuestion[]; runs: number },
  progress: (done: number) => void,
): Promise<Record<OtherLayout["name"], LayoutCosts>> {
  const costs: Record<OtherLayout["name"], LayoutCosts> = { Umami: {}, PostHog: {} };
  const platform = await startLayoutPlatform(storage, layouts);
  let done = 0;
  try {
    for (const layout of layouts) {
      const queries = layout.queries(RANGES);
      for (const { elsewhere } of questions) {
        if (elsewhere === null) continue;
        try {
          costs[layout.name][elsewhere] = await costOf(platform, layout, queries[elsewhere], runs);
        } catch (thrown) {
          // Such as too little memory for a sort. The other results of a long run are still worth keeping.
          console.error(`${layout.name} cannot answer "${elsewhere}": ${String(thrown)}`);
        }
        progress(++done);
      }
    }
  } finally {
    await platform.stop();
  }
  return costs;
}

async function costOf(platform: LayoutPlatform, layout: OtherLayout, sql: string, runs: number): Promise<AnalystCost> {
  const first = await platform.execute(layout, sql);
  const ms = [first.ms];
  while (ms.length < runs && first.ms < LONG_MS) ms.push((await platform.execute(layout, sql)).ms);
  return { rowsRead: first.rowsRead, ms, answer: mainNumbers(first.results) };
}

/** The numbers of the first row, or the counts of the steps of a funnel. */
function mainNumbers(results: readonly Record<string, unknown>[]): string {
  const reached = results.map((row) => row.reached).filter((value) => typeof value === "number");
  const numbers =
    reached.length > 0 ? reached : Object.values(results[0] ?? {}).filter((value) => typeof value === "number");
  return numbers.map((value) => Math.round(Number(value))).join(", ");
}
