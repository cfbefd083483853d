import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { History } from "../../data/history.ts";
import { startLayoutPlatform } from "./layout-platform.ts";
import { FROM, type OtherLayout } from "./other-layout.ts";

/** The databases of the other layouts with all events of a history. */
export interface FilledLayouts {
  storage: string;
  bytes: ReadonlyMap<OtherLayout, number>;
}

/**
 * Fills a database for each layout from The Eye's database with the same events, or takes them from the cache.
 *
 * @param from The Eye's file, which nothing has open
 */
export async function fillLayouts(
  { events, seed, partitions }: History,
  { layouts, from, cache }: { layouts: readonly OtherLayout[]; from: string; cache: string },
  progress: (done: number, of: number) => void,
): Promise<FilledLayouts> {
  const prefix = `others-${events}-${seed}-`;
  const folder = join(cache, `${prefix}${fingerprint()}`);
  const storage = join(folder, "storage");
  const done = join(folder, "done");
  if (!existsSync(done)) {
    for (const name of existsSync(cache) ? readdirSync(cache) : []) {
      if (name.startsWith(prefix)) rmSync(join(cache, name), { recursive: true, force: true });
    }
    mkdirSync(storage, { recursive: true });
    const platform = await startLayoutPlatform(storage, layouts);
    try {
      for (const layout of layouts) for (const sql of layout.tables) await platform.execute(layout, sql);
    } finally {
      await platform.stop();
    }
    const of = layouts.reduce((sum, { inserts, afterwards }) => sum + inserts.length + afterwards.length, 0);
    let executed = 0;
    for (const layout of layouts) {
      fillFile(layout, fileOf(storage, layout), { from, partitions }, () => progress(++executed, of));
    }
    writeFileSync(done, "");
  }
  const bytes = new Map(layouts.map((layout) => [layout, statSync(fileOf(storage, layout)).size]));
  return { storage, bytes };
}

/** The code that the rows depend on. */
function fingerprint(): string {
  const hash = createHash("sha256");
  const data = join(import.meta.dirname, "..", "..", "data");
  const files = [
    ...["history.ts", "layouts.ts", "catalogue.ts", "random.ts"].map((name) => join(data, name)),
    ...["umami.ts", "posthog.ts", "fill-layouts.ts"].map((name) => join(import.meta.dirname, name)),
  ];
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 12);
}

function fillFile(
  { inserts, afterwards }: OtherLayout,
  file: string,
  { from, partitions }: { from: string; partitions: History["partitions"] },
  executed: () => void,
): void {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -800000");
  database.exec(`ATTACH '${from.replaceAll("'", "''")}' AS eye`);
  database.exec("BEGIN");
  for (const sql of inserts) {
    database.exec(sql.replace(FROM, `FROM (${partitions.map(eventsOf).join(" UNION ALL ")}) AS e`));
    executed();
  }
  for (const sql of afterwards) {
    database.exec(sql);
    executed();
  }
  database.exec("COMMIT; DETACH eye; PRAGMA journal_mode = WAL");
  database.close();
}

function eventsOf({ id }: { id: number }): string {
  return `SELECT stored.id, stored.session_id, stored.occurred_at, stored.occurred_at + stored.received_after AS received_at,
    series.application, categories.category, series.name, stored.data
    FROM eye.events_${id} AS stored CROSS JOIN eye.series USING (series_id) CROSS JOIN eye.categories USING (category_id)`;
}

/** The file of a layout: their names are hashes. */
function fileOf(storage: string, { name, ownTable }: OtherLayout): string {
  const file = readdirSync(storage, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".sqlite") && path.includes("d1"))
    .map((path) => join(storage, path))
    .find((path) => hasTable(path, ownTable));
  if (file === undefined) throw new Error(`${storage} has no database of ${name}`);
  return file;
}

function hasTable(file: string, table: string): boolean {
  const database = new DatabaseSync(file, { readOnly: true });
  const found = database.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(table);
  database.close();
  return found !== undefined;
}
