import { statSync } from "node:fs";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { Presets, SingleBar } from "cli-progress";
import { databaseFiles } from "./queries/database-file.ts";
import { datasetOf } from "./queries/dataset.ts";
import { planHistory } from "./queries/history.ts";
import { measure } from "./queries/measure.ts";
import { startQueryPlatform } from "./queries/query-platform.ts";
import { questionsOf } from "./queries/questions.ts";
import { brokenOf, type QueryResult, queryChart, queryReport } from "./queries/report.ts";
import { MAX_BYTES_PER_EVENT } from "./queries/sample-events.ts";
import { measureStoredBytes } from "./queries/stored-bytes.ts";
import { summarise } from "./queries/summary.ts";
import { barChart } from "./shared/bar-chart.ts";
import { type BuiltWorker, buildWorker } from "./shared/build-worker.ts";
import { thisMachine } from "./shared/machine.ts";
import { writeResults } from "./shared/results.ts";

const SIZES = [1_000_000, 10_000_000];
const CHECK_SIZES = [100_000];

/**
 * `npm run bench:queries [-- --events 1000000,10000000 --runs 10]`: what every question reads and takes in a filled
 * database. With `-- --check`: 100,000 events, counts and plans alone. Exits with 1 if more is read than is known to be.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      check: { type: "boolean", default: false },
      events: { type: "string" },
      runs: { type: "string", default: "10" },
    },
  });
  const sizes = values.events?.split(",").map(Number) ?? (values.check ? CHECK_SIZES : SIZES);
  const runs = values.check ? 0 : Number(values.runs);
  const before = loadavg()[0] ?? 0;
  const built = await buildWorker("bench/queries/worker.ts");
  const result: QueryResult = {
    machine: thisMachine(),
    sizes: [],
    compared: {},
    stored: { events: 0, bytes: 0, bytesPerEvent: 0, daysPerDatabase: 0 },
    runs,
    load: [],
  };
  try {
    for (const events of sizes) await addSize(result, events, built, { runs, places: values.check ? 3 : 8 });
    const bar = new ProgressBar("bytes an event");
    result.stored = await measureStoredBytes(values.check ? 50_000 : 500_000, built.script, (done) =>
      bar.show(done, values.check ? 50_000 : 500_000),
    );
    bar.end();
  } finally {
    built.remove();
  }
  result.load = [before, loadavg()[0] ?? 0];
  const markdown = queryReport(result);
  console.log(markdown);
  const isWhole = !values.check && values.events === undefined;
  if (isWhole) writeResults("queries", { json: result, markdown, svg: barChart(queryChart(result)) });

  const broken = result.sizes.flatMap(({ events, questions }) =>
    questions.flatMap(brokenOf).map((line) => `${events} events: ${line}`),
  );
  if (result.stored.bytesPerEvent > MAX_BYTES_PER_EVENT) {
    broken.push(`${result.stored.bytesPerEvent.toFixed(1)} bytes an event, at most ${MAX_BYTES_PER_EVENT}`);
  }
  for (const line of broken) console.error(`FAILS ${line}`);
  return broken.length > 0 ? 1 : 0;
}

/** Fills a database of a size, or takes it from the cache, and asks it everything. */
async function addSize(
  result: QueryResult,
  events: number,
  built: BuiltWorker,
  { runs, places }: { runs: number; places: number },
): Promise<void> {
  const history = planHistory(events);
  const filling = new ProgressBar(`${events} events: filling`);
  const { storage, compared } = await datasetOf(history, built.script, (_, done, of) => filling.show(done, of));
  filling.end();
  result.compared = compared;
  const questions = questionsOf(history, places);
  const asking = new ProgressBar(`${events} events: asking`);
  const platform = await startQueryPlatform(storage, built.script);
  try {
    const measured = await measure(platform, questions, { runs, plans: true }, (done) =>
      asking.show(done, questions.length),
    );
    asking.end();
    const fileBytes = Math.max(...databaseFiles(storage).map((file) => statSync(file).size));
    result.sizes.push({ events, fileBytes, questions: measured.map(summarise) });
  } finally {
    await platform.stop();
  }
}

/** A bar on the terminal; silent where there is none. */
class ProgressBar {
  private readonly bar: SingleBar;
  private total = 0;

  constructor(what: string) {
    const format = `${what} [{bar}] {percentage}% {value}/{total}, {eta_formatted} left`;
    this.bar = new SingleBar({ format, clearOnComplete: false }, Presets.rect);
  }

  show(done: number, of: number): void {
    if (of !== this.total) {
      if (this.total > 0) this.bar.stop();
      this.bar.start(of, done);
    }
    this.total = of;
    this.bar.update(done);
  }

  end(): void {
    if (this.total > 0) this.bar.stop();
  }
}

process.exitCode = await main();
