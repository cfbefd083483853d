import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EventRow } from "../../../src/storage/write/rows.ts";
import { ROOT } from "../../shared/wrangler-settings.ts";
import { DECLARED } from "../analysts/declared.ts";
import { startQueryPlatform } from "../query-platform.ts";
import { type Comparison, compareFiles } from "./compare-files.ts";
import { databaseFiles, fillFile, hasRows, resolve } from "./database-file.ts";
import { EVENTS_PER_ERROR, errorAt, eventAt, type History } from "./history.ts";
import { END } from "./layouts.ts";

/** Rows that are written in both ways, to prove that the results are equal. */
const COMPARED_EVENTS = { large: 20_000, small: 5_000 };
const ERRORS_AT_ONCE = 5_000;

/** A filled database in a folder that is kept, so that the next run does not fill it again. */
export interface Dataset {
  storage: string;
  compared: Comparison;
}

export function cacheFolder(): string {
  return process.env.BENCH_CACHE ?? join(ROOT, ".wrangler", "bench-queries");
}

/** The files that the rows depend on: the tables, and the code that generates and writes the rows. */
function fingerprint(): string {
  const hash = createHash("sha256");
  const storage = join(ROOT, "src", "storage");
  const files = [
    join(import.meta.dirname, "..", "analysts", "declared.ts"),
    ...filesIn(join(ROOT, "migrations")),
    ...filesIn(join(storage, "properties")),
    ...filesIn(join(storage, "session-counts")),
    ...filesIn(join(storage, "write")),
    ...["history.ts", "layouts.ts", "catalogue.ts", "random.ts", "database-file.ts"].map((name) =>
      join(import.meta.dirname, name),
    ),
    ...[
      "partitions/partition.ts",
      "partitions/partition-plan.ts",
      "partitions/partition-tables.ts",
      "core/packed-id.ts",
      "write/failure-counts.ts",
    ].map((name) => join(storage, name)),
  ];
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 12);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}

/**
 * Returns a database with the history, from the cache or newly filled. Its events are written into the file directly, after
 * the first of them have proved that this writes the same rows as `writeBatch`. Its errors are written by `writeBatch` in
 * workerd, and the values of declared properties and the sessions are counted by the cron's own code.
 *
 * @throws Error if the two ways differ
 */
export async function datasetOf(
  history: History,
  built: string,
  progress: (what: string, done: number, of: number) => void,
): Promise<Dataset> {
  const { layout, events, seed, partitions } = history;
  const folder = join(cacheFolder(), `${layout}-${events}-${seed}-${fingerprint()}`);
  const storage = join(folder, "storage");
  const done = join(folder, "compared.json");
  if (existsSync(done)) return { storage, compared: JSON.parse(readFileSync(done, "utf8")) };
  forget(`${layout}-${events}-${seed}-`);
  mkdirSync(storage, { recursive: true });

  const errors = Math.floor(events / EVENTS_PER_ERROR);
  const comparing = Math.min(COMPARED_EVENTS[layout], events);
  const last = history.occurredAt[comparing - 1] ?? 0;
  const comparable = partitions.filter(({ from }) => from <= last);
  const platform = await startQueryPlatform(storage, built);
  try {
    await platform.migrate();
    await platform.makePartitions("DB", partitions);
    await platform.makePartitions("COMPARED", comparable);
    await platform.writeEvents("COMPARED", batchesOf(history, comparing));
    for (let from = 0; from < errors; from += ERRORS_AT_ONCE) {
      progress("errors", from, errors);
      const length = Math.min(ERRORS_AT_ONCE, errors - from);
      await platform.writeErrors(
        "DB",
        Array.from({ length }, (_, error) => errorAt(history, from + error)),
      );
    }
    progress("errors", errors, errors);
  } finally {
    await platform.stop();
  }

  const { main, compared } = filesOf(storage);
  const sample = join(folder, "sample.sqlite");
  resolve(main);
  cpSync(main, sample);
  fillFile(sample, history, comparing, () => undefined);
  const result = compareFiles(sample, compared, comparable);
  for (const end of ["", "-shm", "-wal"]) rmSync(`${sample}${end}`, { force: true });
  if (Object.values(result).some(({ different }) => different > 0)) {
    throw new Error(`filling the file does not write what writeBatch writes: ${JSON.stringify(result)}`);
  }
  fillFile(main, history, events, (count) => progress("events", count, events));
  if (layout === "large") await countValues(storage, built, progress);
  writeFileSync(done, JSON.stringify(result));
  return { storage, compared: result };
}

/** The cron runs at this time, when all hours of the history have closed. */
const AFTER_END = END + 300_000_000;

/** Declares properties and runs the cron's work for them and for sessions until every hour of the past is counted. */
async function countValues(
  storage: string,
  built: string,
  progress: (what: string, done: number, of: number) => void,
): Promise<void> {
  const platform = await startQueryPlatform(storage, built);
  try {
    await platform.declare(DECLARED, AFTER_END);
    // An hour has four windows.
    const all = 720 * 5;
    let counted = 0;
    for (let more = -1; more !== 0; counted += more) {
      const { hours, windows } = await platform.rollUp(AFTER_END);
      more = hours + windows;
      progress("values and sessions", Math.min(all, counted + more), all);
    }
  } finally {
    await platform.stop();
  }
}

const EVENTS_PER_BATCH = 1_000;
const DAY = 86_400_000_000;

/** Each has one day of receipt, because a series is stored with the last day of its batch. */
function batchesOf(history: History, events: number): EventRow[][] {
  const batches: EventRow[][] = [];
  let day = -1;
  for (let place = 0; place < events; place++) {
    const row = eventAt(history, place);
    const own = Math.floor(row.receivedAt / DAY);
    const batch = batches.at(-1);
    if (batch === undefined || batch.length === EVENTS_PER_BATCH || own !== day) batches.push([row]);
    else batch.push(row);
    day = own;
  }
  return batches;
}

/** Removes the files of an interrupted fill, and databases of this size that no longer match the code. */
function forget(prefix: string): void {
  if (!existsSync(cacheFolder())) return;
  for (const name of readdirSync(cacheFolder())) {
    if (name.startsWith(prefix)) rmSync(join(cacheFolder(), name), { recursive: true, force: true });
  }
}

/** Determines which file is which database: their names are hashes. Only one has events so far. */
function filesOf(storage: string): { main: string; compared: string } {
  const files = databaseFiles(storage);
  const compared = files.find((file) => hasRows(file, "series"));
  const main = files.find((file) => file !== compared && hasRows(file, "partitions"));
  if (main === undefined || compared === undefined) throw new Error(`${storage} does not hold the two databases`);
  return { main, compared };
}
