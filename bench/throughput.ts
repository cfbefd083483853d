import { loadavg } from "node:os";
import { readFlags } from "../scripts/shared/flags.ts";
import { barChart } from "./shared/bar-chart.ts";
import { type BuiltWorker, buildWorker } from "./shared/build-worker.ts";
import { storageFolder } from "./shared/local-platform.ts";
import { thisMachine } from "./shared/machine.ts";
import { writeResults } from "./shared/results.ts";
import { type LoadProcess, startLoadProcess } from "./throughput/load-process.ts";
import { MEASUREMENTS, type Measurement } from "./throughput/measurements.ts";
import type { Round } from "./throughput/measures.ts";
import { type ThroughputResult, throughputChart, throughputReport } from "./throughput/report.ts";
import { runRound, settle } from "./throughput/run-round.ts";
import { summarise, verdictsOf } from "./throughput/summary.ts";
import { bareConsumer, baseline, bothFormats, type Target, theEye } from "./throughput/target.ts";

/**
 * `npm run bench:throughput [-- --rounds 11 --only NAME]`: measures The Eye and its baselines in turn. Exits with 1 if a sent
 * event is not accounted for; the report says whether the goals are met.
 */
async function main(): Promise<void> {
  const { rounds, only } = readFlags(
    { rounds: { type: "string", default: "11" }, only: { type: "string", default: "" } },
    "npm run bench:throughput -- [--rounds 11] [--only NAME]",
  );
  const before = loadavg()[0] ?? 0;
  const built = {
    eye: await buildWorker(),
    consumer: await buildWorker("bench/throughput/workers/baseline-consumer.ts"),
  };
  const load = startLoadProcess();
  const results: ThroughputResult[] = [];
  try {
    for (const kind of ["ingest", "formats", "pipeline"] as const) {
      const measurements = MEASUREMENTS.filter((one) => one.kind === kind && one.name.startsWith(only));
      if (measurements.length > 0) results.push(...(await measure(kind, measurements, Number(rounds), built, load)));
    }
  } finally {
    load.stop();
    built.eye.remove();
    built.consumer.remove();
  }
  const machine = thisMachine();
  const storage = storageFolder();
  const around = { machine, rounds: Number(rounds), storage, load: [before, loadavg()[0] ?? 0] as [number, number] };
  const markdown = throughputReport(results, around);
  console.log(markdown);
  if (only === "") {
    writeResults("throughput", { json: { ...around, results }, markdown, svg: barChart(throughputChart(results)) });
  }
}

interface Built {
  eye: BuiltWorker;
  consumer: BuiltWorker;
}

async function measure(
  kind: Measurement["kind"],
  measurements: readonly Measurement[],
  rounds: number,
  built: Built,
  load: LoadProcess,
): Promise<ThroughputResult[]> {
  const targets = await startTargets(kind, built);
  try {
    const results: ThroughputResult[] = [];
    for (const measurement of measurements) {
      const measured = new Map<string, Round[]>(targets.map(({ name }) => [name, []]));
      // The first round warms up the code and is discarded.
      const all = roundsOf(kind, rounds);
      for (let round = 0; round <= all; round++) {
        process.stderr.write(`${measurement.title}: ${round === 0 ? "warming up" : `round ${round} of ${all}`} …\n`);
        for (const target of targets) {
          await settle(targets);
          const result = await runRound(target, measurement, load);
          if (round > 0) measured.get(target.name)?.push(result);
        }
      }
      const summaries = summarise(measurement, measured);
      results.push({ measurement, targets: summaries, verdicts: verdictsOf(measurement, summaries) });
    }
    return results;
  } finally {
    for (const target of targets) await target.stop();
  }
}

/** Rounds of ingest take only a second or two each, so they vary more. */
function roundsOf(kind: Measurement["kind"], rounds: number): number {
  return kind === "pipeline" ? rounds : 3 * rounds;
}

/** The Eye first, then its baseline, then the targets that show how much of a baseline is the platform itself. */
async function startTargets(kind: Measurement["kind"], built: Built): Promise<Target[]> {
  if (kind === "pipeline") return [await theEye(built.eye, false), await bareConsumer(built.consumer)];
  if (kind === "formats") return bothFormats(built.eye);
  return [
    await theEye(built.eye, true),
    await baseline("bare send", "baseline-send.ts", { queue: true }),
    await baseline("bare answer", "baseline-answer.ts", { queue: false }),
  ];
}

await main();
