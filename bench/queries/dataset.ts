import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../shared/wrangler-settings.ts";
import { compareFiles, databaseFiles, fillFile, hasRows, settle } from "./database-file.ts";
import { EVENTS_PER_ERROR, errorAt, eventAt, type History } from "./history.ts";
import { startQueryPlatform } from "./query-platform.ts";

/** Rows that go both ways, to prove that they end the same. */
const COMPARED_EVENTS = 20_000;
const ERRORS_AT_ONCE = 5_000;

/** A filled database in a folder that is kept, so that the next run need not fill it again. */
export interface Dataset {
  storage: string;
  compared: ReturnType<typeof compareFiles>;
}

export function cacheFolder(): string {
  return process.env.BENCH_CACHE ?? join(ROOT, ".wrangler", "bench-queries");
}

/** What the rows depend on: the migrations, what makes the rows, and what writes them. */
function fingerprint(): string {
  const hash = createHash("sha256");
  const migrations = join(ROOT, "migrations");
  const files = [
    ...readdirSync(migrations)
      .sort()
      .map((name) => join(migrations, name)),
    ...["history.ts", "catalogue.ts", "random.ts", "database-file.ts"].map((name) => join(import.meta.dirname, name)),
    ...["write-batch.ts", "add-counts.ts", "packed-id.ts", "failure-counts.ts"].map((name) =>
      join(ROOT, "src", "storage", name),
    ),
  ];
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 12);
}

/**
 * Gives a database with the history, from the cache or filled now. Its events are written into the file directly, once
 * it is proven on the first of them that this writes what `writeBatch` writes; its errors by `writeBatch` in workerd.
 *
 * @throws Error if the two ways differ
 */
export async function datasetOf(
  history: History,
  built: string,
  progress: (what: string, done: number, of: number) => void,
): Promise<Dataset> {
  const folder = join(cacheFolder(), `${history.events}-${history.seed}-${fingerprint()}`);
  const storage = join(folder, "storage");
  const done = join(folder, "compared.json");
  if (existsSync(done)) return { storage, compared: JSON.parse(readFileSync(done, "utf8")) };
  forget(`${history.events}-${history.seed}-`);
  mkdirSync(storage, { recursive: true });

  const errors = Math.floor(history.events / EVENTS_PER_ERROR);
  const comparing = Math.min(COMPARED_EVENTS, history.events);
  const rows = Array.from({ length: comparing }, (_, place) => eventAt(history, place));
  const platform = await startQueryPlatform(storage, built);
  try {
    await platform.migrate();
    for (let from = 0; from < comparing; from += 1_000) {
      await platform.write("COMPARED", [{ events: rows.slice(from, from + 1_000), errors: [], parts: [] }]);
    }
    for (let from = 0; from < errors; from += ERRORS_AT_ONCE) {
      progress("errors", from, errors);
      const length = Math.min(ERRORS_AT_ONCE, errors - from);
      const some = Array.from({ length }, (_, error) => errorAt(history, from + error));
      await platform.write("DB", [{ events: [], errors: some, parts: [] }]);
    }
    progress("errors", errors, errors);
  } finally {
    await platform.stop();
  }

  const { main, compared } = filesOf(storage, errors > 0);
  const sample = join(folder, "sample.sqlite");
  settle(main);
  cpSync(main, sample);
  fillFile(sample, history, comparing, () => undefined);
  const result = compareFiles(sample, compared);
  rmSync(sample);
  if (Object.values(result).some(({ different }) => different > 0)) {
    throw new Error(`filling the file does not write what writeBatch writes: ${JSON.stringify(result)}`);
  }
  fillFile(main, history, history.events, (count) => progress("events", count, history.events));
  writeFileSync(done, JSON.stringify(result));
  return { storage, compared: result };
}

/** Removes what an interrupted fill left, and databases of this size that no longer fit the code. */
function forget(prefix: string): void {
  if (!existsSync(cacheFolder())) return;
  for (const name of readdirSync(cacheFolder())) {
    if (name.startsWith(prefix)) rmSync(join(cacheFolder(), name), { recursive: true, force: true });
  }
}

/** Which file is which: they bear hashes for names. Only the main one has errors, only the other events. */
function filesOf(storage: string, hasErrors: boolean): { main: string; compared: string } {
  const files = databaseFiles(storage);
  const compared = files.find((file) => hasRows(file, "events"));
  const main = files.find((file) => file !== compared && (!hasErrors || hasRows(file, "errors")));
  if (main === undefined || compared === undefined) throw new Error(`${storage} does not hold the two databases`);
  return { main, compared };
}
