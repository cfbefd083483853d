import { statSync } from "node:fs";
import { loadavg } from "node:os";
import { readFlags } from "../scripts/shared/flags.ts";
import { measureAnalysts } from "./queries/analysts/measure-analysts.ts";
import { type AnalystResult, analystChart, analystReport, brokenAnswers } from "./queries/analysts/report-analysts.ts";
import { databaseFiles } from "./queries/data/database-file.ts";
import { datasetOf } from "./queries/data/dataset.ts";
import { planHistory } from "./queries/data/history.ts";
import type { LayoutName } from "./queries/data/layouts.ts";
import { MAX_BYTES_PER_EVENT } from "./queries/data/sample-events.ts";
import { measureStoredBytes } from "./queries/data/stored-bytes.ts";
import { measure } from "./queries/measure.ts";
import { startQueryPlatform } from "./queries/query-platform.ts";
import { questionsOf } from "./queries/questions/questions.ts";
import { brokenOf, type QueryResult, queryChart, queryReport } from "./queries/report.ts";
import { summarise } from "./queries/summary.ts";
import { barChart } from "./shared/bar-chart.ts";
import { type BuiltWorker, buildWorker } from "./shared/build-worker.ts";
import { thisMachine } from "./shared/machine.ts";
import { ProgressBar } from "./shared/progress-bar.ts";
import { writeResults } from "./shared/results.ts";

const SIZES = [1_000_000, 10_000_000];
/** In 400 partitions of 1,000 and of 10,000 events. */
const SMALL_PARTITIONS_SIZE = 2_200_000;
const CHECK_SIZES = [200_000];
const CHECK_SMALL_PARTITIONS_SIZE = 88_000;

/**
 * `npm run bench:queries [-- --events 1000000,10000000 --small 2200000 --runs 5]`: measures the rows read and the time of
 * every query in a filled database, in large partitions and in many small ones, and the questions of analysts beside the same
 * questions in other services' tables. With `-- --check` it uses fewer events and
 * checks only counts and plans. Exits with 1 if a query reads more than its limit.
 */
async function main(): Promise<number> {
  const values = readFlags(
    {
      check: { type: "boolean", default: false },
      events: { type: "string" },
      small: { type: "string" },
      runs: { type: "string", default: "5" },
    },
    "npm run bench:queries -- [--check] [--events 1000000,10000000] [--small 2200000] [--runs 5]",
  );
  const isWhole = !values.check && values.events === undefined && values.small === undefined;
  const large = sizesOf(values.events) ?? (values.check ? CHECK_SIZES : SIZES);
  const small = sizesOf(values.small) ?? [values.check ? CHECK_SMALL_PARTITIONS_SIZE : SMALL_PARTITIONS_SIZE];
  const runs = values.check ? 0 : Number(values.runs);
  const before = loadavg()[0] ?? 0;
  const built = await buildWorker("bench/queries/worker.ts");
  const result: QueryResult = {
    machine: thisMachine(),
    databases: [],
    compared: {},
    stored: { events: 0, bytes: 0, bytesPerEvent: 0, daysPerDatabase: 0 },
    runs,
    load: [],
  };
  const analysts: AnalystResult[] = [];
  try {
    const how = { runs, places: values.check ? 2 : 8 };
    for (const events of large) {
      await addDatabase(result, { events, layout: "large" }, built, how);
      const isCompared = !values.check && events === large.at(-1);
      analysts.push(await measureAnalysts(events, built.script, { runs, isCompared }));
    }
    for (const events of small) await addDatabase(result, { events, layout: "small" }, built, how);
    const bar = new ProgressBar("bytes an event");
    result.stored = await measureStoredBytes(values.check ? 100_000 : 500_000, built.script, (done) =>
      bar.show(done, values.check ? 100_000 : 500_000),
    );
    bar.end();
  } finally {
    built.remove();
  }
  result.load = [before, loadavg()[0] ?? 0];
  const markdown = queryReport(result);
  const ofAnalysts = analystReport(result.machine, analysts, result.load);
  console.log(markdown);
  console.log(ofAnalysts);
  if (isWhole) {
    writeResults("queries", { json: result, markdown, svg: barChart(queryChart(result)) });
    writeResults("questions", { json: analysts, markdown: ofAnalysts, svg: barChart(analystChart(analysts)) });
  }

  const broken = result.databases.flatMap(({ events, partitions, questions }) =>
    questions.flatMap(brokenOf).map((line) => `${events} events in ${partitions} partitions: ${line}`),
  );
  broken.push(
    ...analysts.flatMap(({ events, answers }) => brokenAnswers(answers).map((line) => `${events} events: ${line}`)),
  );
  if (result.stored.bytesPerEvent > MAX_BYTES_PER_EVENT) {
    broken.push(`${result.stored.bytesPerEvent.toFixed(1)} bytes an event, at most ${MAX_BYTES_PER_EVENT}`);
  }
  for (const line of broken) console.error(`FAILS ${line}`);
  return broken.length > 0 ? 1 : 0;
}

function sizesOf(list: string | undefined): number[] | undefined {
  return list
    ?.split(",")
    .filter((size) => size !== "")
    .map(Number);
}

/** Fills a database of a size, or takes it from the cache, and runs all queries. */
async function addDatabase(
  result: QueryResult,
  { events, layout }: { events: number; layout: LayoutName },
  built: BuiltWorker,
  { runs, places }: { runs: number; places: number },
): Promise<void> {
  const history = planHistory(events, layout);
  const partitions = history.partitions.length;
  const what = `${events} events, ${partitions} partitions`;
  const filling = new ProgressBar(`${what}: filling`);
  const { storage, compared } = await datasetOf(history, built.script, (_, done, of) => filling.show(done, of));
  filling.end();
  for (const [table, { rows, different }] of Object.entries(compared)) {
    const before = result.compared[table] ?? { rows: 0, different: 0 };
    result.compared[table] = { rows: before.rows + rows, different: before.different + different };
  }
  const questions = questionsOf(history, places);
  const asking = new ProgressBar(`${what}: asking`);
  const platform = await startQueryPlatform(storage, built.script);
  try {
    const measured = await measure(platform, questions, { runs, plans: true }, (done) =>
      asking.show(done, questions.length),
    );
    asking.end();
    const fileBytes = Math.max(...databaseFiles(storage).map((file) => statSync(file).size));
    result.databases.push({ layout, events, partitions, fileBytes, questions: measured.map(summarise) });
  } finally {
    await platform.stop();
  }
}

process.exitCode = await main();
