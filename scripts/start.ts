/**
 * `npm start`: The Eye on this machine, with its state in a folder. Sets up what is missing there (tables, local keys),
 * runs `wrangler dev` with the given flags and prints how to use it.
 */
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { QUIET, run, WRANGLER } from "./shared/wrangler.ts";
import { readWranglerConfig } from "./shared/wrangler-config.ts";
import { localKeyRecords, localKeyStatements } from "./start/local-keys.ts";
import {
  databasesToMigrate,
  migrationFiles,
  readSetup,
  removeSessionFiles,
  unknownMigrations,
  writeSetup,
} from "./start/local-state.ts";
import { parseStartOptions, type StartOptions } from "./start/options.ts";
import { isPortFree, waitUntilHealthy } from "./start/probe.ts";
import { startProcess } from "./start/service-process.ts";
import { welcome } from "./start/welcome.ts";

const ROOT = join(import.meta.dirname, "..");

// X_LOCAL_OBSERVABILITY records every request for the local explorer, which costs time on each.
const ENVIRONMENT = { ...process.env, ...QUIET, X_LOCAL_OBSERVABILITY: "false" };

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

/** Brings tables and keys into the folder, as far as they are missing. */
async function setUp(persistTo: string): Promise<void> {
  mkdirSync(persistTo, { recursive: true });
  const setup = readSetup(persistTo);
  const config = readWranglerConfig(join(ROOT, "wrangler.toml"));
  const bindings = config.databases.map((database) => database.binding);
  const files = migrationFiles(join(ROOT, "migrations"));
  if (unknownMigrations(setup, files).length > 0) throw new Error(OLDER_STATE);
  removeSessionFiles(persistTo, config.name);
  const missing = databasesToMigrate(setup, bindings, files);
  if (missing.length === 0 && setup.registry) return;
  console.log(`Setting up ${persistTo} …`);
  // One after the other: two local platforms at once on one folder lock each other out.
  for (const binding of missing) {
    await wrangler(["d1", "migrations", "apply", binding, "--local", "--persist-to", persistTo]);
  }
  if (!setup.registry) await storeLocalKeys(persistTo, bindings[0] ?? "DB");
  const migrations = Object.fromEntries(bindings.map((binding) => [binding, files]));
  writeSetup(persistTo, { v: 1, migrations, registry: true });
}

/**
 * Calls `stop` when the shell in which npm runs this script is gone. npm hands SIGTERM to that shell, which on many
 * systems ends without handing it on; the service would outlive `npm start`.
 */
function watchNpm(stop: () => void): NodeJS.Timeout | undefined {
  if (process.env.npm_lifecycle_event === undefined) return undefined;
  const parent = process.ppid;
  return setInterval(() => {
    if (process.ppid !== parent) stop();
  }, 500);
}

async function serve(options: StartOptions): Promise<number> {
  const service = startProcess([...WRANGLER, "dev", ...options.devArguments], ENVIRONMENT);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, service.stop);
  const waiting = new AbortController();
  const watch = watchNpm(service.stop);
  const ended = service.ended.finally(() => {
    clearInterval(watch);
    waiting.abort();
  });
  const host = options.ip === null || ["0.0.0.0", "::", "*"].includes(options.ip) ? "localhost" : options.ip;
  const address = `${options.protocol}://${host.includes(":") ? `[${host}]` : host}:${options.port}`;
  if (await waitUntilHealthy(`${address}/health`, waiting.signal)) {
    console.log(welcome(address, options.persistTo, randomUUID(), new Date()));
  }
  return ended;
}

async function main(): Promise<number> {
  process.chdir(ROOT);
  const options = parseStartOptions(process.argv.slice(2));
  if (typeof options === "string") {
    console.error(options);
    return 2;
  }
  if (!(await isPortFree(options.port, options.ip ?? "localhost"))) {
    console.error(`Port ${options.port} is in use. Choose another: npm start -- --port ${options.port + 1}`);
    return 1;
  }
  try {
    await setUp(options.persistTo);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(`The local state in ${options.persistTo} could not be set up.`);
    return 1;
  }
  return serve(options);
}

process.exitCode = await main();
