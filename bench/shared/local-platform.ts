import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readD1Migrations } from "@cloudflare/vitest-pool-workers";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4MiniflareOptions } from "miniflare";
import { ROOT } from "./wrangler-settings.ts";

export interface Platform {
  miniflare: Miniflare;
  /** Ends workerd and removes its storage. */
  stop(): Promise<void>;
}

/**
 * Starts workerd through Miniflare without the additions of the development server: no explorer, no recording of requests,
 * no live reload.
 */
export async function startPlatform(options: V4MiniflareOptions): Promise<Platform> {
  const storage = mkdtempSync(join(storageFolder(), "the-eye-bench-"));
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      log: new Log(LogLevel.ERROR),
      cf: false,
      logRequests: false,
      telemetry: { enabled: false },
      unsafeLocalExplorer: false,
      unsafeObservability: false,
      resourcePersistencePath: storage,
      handleStructuredLogs: reportErrors(),
      ...options,
    }),
  );
  const stop = async () => {
    await miniflare.dispose();
    rmSync(storage, { recursive: true, force: true });
  };
  try {
    await miniflare.ready;
  } catch (error) {
    await stop();
    throw error;
  }
  return { miniflare, stop };
}

/** Prints the first errors of a platform. Printing the log lines of its Workers would disturb the measurement. */
function reportErrors(): (log: { level: string; message: string }) => void {
  let left = 5;
  return ({ level, message }) => {
    if (level === "error" && left-- > 0) console.error(message);
  };
}

const MEMORY = "/dev/shm";
const ENOUGH_BYTES = 2_000_000_000;

/**
 * The folder of local storage, in memory if possible: each session object is a file here, and creating and syncing thousands
 * of files a second would measure the disk. BENCH_STORAGE names another folder.
 */
export function storageFolder(): string {
  if (process.env.BENCH_STORAGE !== undefined) return process.env.BENCH_STORAGE;
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize > ENOUGH_BYTES ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** Creates the tables in a database of a Worker. */
export async function migrate(platform: Miniflare, binding: string, worker: string): Promise<void> {
  const database = await platform.getD1Database(binding, worker);
  for (const { queries } of await readD1Migrations(join(ROOT, "migrations"))) {
    await database.batch(queries.map((query) => database.prepare(query)));
  }
}
