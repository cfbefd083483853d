import { readFlags } from "../scripts/shared/flags.ts";
import { barsOf, compactionBars, holds } from "./cost/bars.ts";
import { billOf, monthOf, totalOf } from "./cost/bill.ts";
import { compactionBill, storageBill } from "./cost/compaction-bill.ts";
import { type CostResult, costChart, costReport } from "./cost/report.ts";
import { runScenario } from "./cost/run-scenario.ts";
import { EVENTS_PER_MONTH, SCENARIOS, shortened } from "./cost/scenarios.ts";
import { PRICES, PRICES_READ } from "./prices.ts";
import { barChart } from "./shared/bar-chart.ts";
import { buildWorker } from "./shared/build-worker.ts";
import { thisMachine } from "./shared/machine.ts";
import { writeResults } from "./shared/results.ts";
import { readWranglerSettings } from "./shared/wrangler-settings.ts";

/**
 * `npm run bench:cost`: counts what is billed and writes bench/results/cost.*. With `-- --check` it uses fewer sessions,
 * writes no results, and exits with 1 if a limit is exceeded.
 */
async function main(): Promise<number> {
  const { check } = readFlags({ check: { type: "boolean", default: false } }, "npm run bench:cost -- [--check]");
  const settings = readWranglerSettings();
  const built = await buildWorker("bench/cost/worker.ts");
  const results: CostResult[] = [];
  try {
    for (const scenario of check ? SCENARIOS.map(shortened) : SCENARIOS) {
      process.stderr.write(`${scenario.title} …\n`);
      const { run, probe, compaction: moved } = await runScenario(scenario, built, settings);
      const sampling = settings.observability.head_sampling_rate;
      const lines = billOf(run, probe, sampling);
      const compaction = compactionBill(moved, sampling);
      const storage = storageBill(moved);
      const bars = [
        ...barsOf(scenario, run, probe, lines),
        ...compactionBars(scenario, run, moved, { lines, compaction, storage }),
      ];
      const month = monthOf([...lines, ...compaction], EVENTS_PER_MONTH);
      results.push({ scenario, run, probe, moved, lines, compaction, storage, month, bars });
    }
  } finally {
    built.remove();
  }
  const machine = thisMachine();
  const markdown = costReport(results, machine);
  console.log(markdown);
  if (!check) {
    const totals = results.map(({ lines }) => ({ dollarsPerMillionEvents: totalOf(lines) }));
    const json = {
      machine,
      prices: { read: PRICES_READ, ...PRICES },
      scenarios: results.map((result, index) => ({ ...result, ...totals[index] })),
    };
    writeResults("cost", { json, markdown, svg: barChart(costChart(results)) });
  }
  const failed = results.flatMap(({ scenario, bars }) =>
    bars.filter((bar) => !holds(bar)).map((bar) => `${scenario.name}: ${bar.what}: ${bar.found}, at most ${bar.most}`),
  );
  for (const line of failed) console.error(`FAILS ${line}`);
  return failed.length === 0 ? 0 : 1;
}

process.exitCode = await main();
