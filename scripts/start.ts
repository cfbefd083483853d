/**
 * `npm start`: runs The Eye on this machine, with its state in a folder. Creates what is missing there (tables, local keys),
 * runs `wrangler dev` with the given flags and prints how to use it.
 */
import { randomUUID } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { QUIET, run, WRANGLER } from "./shared/wrangler.ts";
import { readWranglerConfig } from "./shared/wrangler-config.ts";
import { drain } from "./start/drain.ts";
import { localKeyRecords, localKeyStatements } from "./start/local-keys.ts";
import {
  databasesToMigrate,
  migrationFiles,
  readSetup,
  removeSessionFiles,
  unknownMigrations,
  writeSetup,
} from "./start/local-state.ts";
import { parseStartOptions, START_USAGE, type StartOptions } from "./start/options.ts";
import { portProblem, waitUntilReady } from "./start/probe.ts";
import { startProcess } from "./start/service-process.ts";
import { stateFolderProblem } from "./start/state-folder.ts";
import { inUse, type StateLock, takeLock } from "./start/state-lock.ts";
import { untilDead } from "./start/watch-service.ts";
import { welcome } from "./start/welcome.ts";

/** Settings that wrangler.toml leaves unset: a secret, and the hot window of a trial. */
const UNSET_SETTINGS = ["ADMIN_KEY", "HOT_SECONDS"];

const ROOT = join(import.meta.dirname, "..");

/** The parent process. Read first, because the parent may exit before the state is set up. */
const SHELL = process.ppid;

// THE_EYE_START tells the build that it runs under this script; `wrangler dev` alone would have no tables and keys.
// X_LOCAL_OBSERVABILITY records every request for the local explorer, which slows each request down.
const ENVIRONMENT = { ...process.env, ...QUIET, X_LOCAL_OBSERVABILITY: "false", THE_EYE_START: "1" };

async function wrangler(args: readonly string[]): Promise<void> {
  const finished = await run([...WRANGLER, ...args], ENVIRONMENT);
  if (finished.code !== 0) throw new Error(`wrangler ${args.join(" ")} failed:\n${finished.output}`);
}

/** @param registry the first database's binding */
async function storeLocalKeys(persistTo: string, registry: string): Promise<void> {
  const entries = join(persistTo, `local-keys-${process.pid}.json`);
  const statements = join(persistTo, `local-keys-${process.pid}.sql`);
  writeFileSync(entries, JSON.stringify(localKeyRecords()));
  writeFileSync(statements, localKeyStatements(new Date()));
  const local = ["--local", "--persist-to", persistTo];
  try {
    await wrangler(["d1", "execute", registry, "--yes", "--file", statements, ...local]);
    await wrangler(["kv", "bulk", "put", entries, "--binding", "KEYS", ...local]);
  } finally {
    for (const file of [entries, statements]) rmSync(file);
  }
}

const OLDER_STATE =
  "It was made by an older version of The Eye, whose tables this one cannot take over. Start with another folder (npm start -- --persist-to DIR), or delete this one.";

/** Creates missing tables and keys in the folder. */
async function setUp(persistTo: string): Promise<void> {
  const setup = readSetup(persistTo);
  const config = readWranglerConfig(join(ROOT, "wrangler.toml"));
  const bindings = config.databases.map((database) => database.binding);
  const files = migrationFiles(join(ROOT, "migrations"));
  if (unknownMigrations(setup, files).length > 0) throw new Error(OLDER_STATE);
  removeSessionFiles(persistTo, config.name);
  const missing = databasesToMigrate(setup, bindings, files);
  if (missing.length === 0 && setup.registry) return;
  console.log(`Setting up ${persistTo} …`);
  // One at a time: two local platforms on one folder lock each other out.
  for (const binding of missing) {
    await wrangler(["d1", "migrations", "apply", binding, "--local", "--persist-to", persistTo]);
  }
  if (!setup.registry) await storeLocalKeys(persistTo, bindings[0] ?? "DB");
  const migrations = Object.fromEntries(bindings.map((binding) => [binding, files]));
  writeSetup(persistTo, { v: 1, migrations, registry: true });
}

/**
 * Calls `stop` when the shell in which npm runs this script has exited. npm sends SIGTERM to that shell, which on many
 * systems exits without forwarding it. The service would then outlive `npm start`.
 */
function watchNpm(stop: () => void): NodeJS.Timeout | undefined {
  if (process.env.npm_lifecycle_event === undefined) return undefined;
  const timer = setInterval(() => {
    if (process.ppid === SHELL) return;
    clearInterval(timer);
    stop();
  }, 500);
  return timer;
}

/** The address of the service. */
function addressOf({ ip, protocol, port }: StartOptions): string {
  const host = ip === null || ["0.0.0.0", "::", "*"].includes(ip) ? "localhost" : ip;
  return `${protocol}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** If the service is not ready by then, its own output says why. */
const START_LIMIT_MS = 300_000;

async function serve(options: StartOptions, lock: StateLock): Promise<number> {
  const service = startProcess([...WRANGLER, "dev", ...options.devArguments], ENVIRONMENT);
  if (service.pid !== undefined) lock.noteGroup(service.pid);
  const address = addressOf(options);
  const over = new AbortController();
  let isReady = false;
  let stopping: AbortController | null = null;
  let failed = false;

  const stop = async () => {
    if (stopping !== null || !isReady) {
      stopping?.abort();
      service.stop();
      return;
    }
    stopping = new AbortController();
    console.log("Stopping: storing what was accepted. Press Ctrl-C again to stop at once.");
    const left = await drain(address, stopping.signal);
    if (left > 0) console.error(`Stopped with ${left} accepted messages that are not stored.`);
    failed ||= left > 0;
    service.stop();
  };
  const fail = (message: string) => {
    failed = true;
    console.error(message);
    service.stop();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void stop());
  // A second call would interrupt the draining.
  const watch = watchNpm(() => {
    if (stopping === null) void stop();
  });
  const ended = service.ended.finally(() => {
    clearInterval(watch);
    over.abort();
  });

  const starting = AbortSignal.any([over.signal, AbortSignal.timeout(START_LIMIT_MS)]);
  const readiness = await waitUntilReady(`${address}/health`, starting);
  if (readiness.kind === "misconfigured") fail(readiness.detail);
  if (readiness.kind === "not_ready" && !over.signal.aborted)
    fail("The service did not become ready. See its output above.");
  if (readiness.kind === "ready") {
    isReady = true;
    console.log(welcome(address, options.persistTo, randomUUID(), new Date()));
    const reason = await untilDead(`${address}/health`, service.pid, over.signal);
    if (reason !== null && stopping === null) fail(`The service has died: ${reason}. Start it again with npm start.`);
  }
  const code = await ended;
  if (isReady && stopping === null && !failed)
    fail("The service has ended unexpectedly. Start it again with npm start.");
  return failed ? 1 : code;
}

async function main(): Promise<number> {
  process.chdir(ROOT);
  if (process.argv.some((argument) => argument === "--help" || argument === "-h")) {
    console.log(START_USAGE);
    return 0;
  }
  let settings: string[];
  try {
    ({ settings } = readWranglerConfig(join(ROOT, "wrangler.toml")));
  } catch (error) {
    console.error(`wrangler.toml cannot be used: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
  const options = parseStartOptions(process.argv.slice(2), [...settings, ...UNSET_SETTINGS]);
  if (typeof options === "string") {
    console.error(options);
    return 2;
  }
  const { port, persistTo } = options;
  const folderProblem = stateFolderProblem(persistTo);
  if (folderProblem !== null) {
    console.error(folderProblem);
    return 1;
  }
  let lock: ReturnType<typeof takeLock>;
  try {
    lock = takeLock(persistTo, port);
  } catch (error) {
    console.error(`The folder ${persistTo} cannot be used: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
  if ("holder" in lock) {
    console.error(inUse(persistTo, lock.holder));
    return 1;
  }
  try {
    const problem = await portProblem(port, options.ip ?? "localhost");
    if (problem !== null) {
      console.error(problem);
      return 1;
    }
    try {
      await setUp(persistTo);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      console.error(`The local state in ${persistTo} could not be set up.`);
      return 1;
    }
    return await serve(options, lock);
  } finally {
    lock.release();
  }
}

process.exitCode = await main();
// Timers of pending requests need not be awaited.
process.exit();
