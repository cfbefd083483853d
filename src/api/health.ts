import { Hono } from "hono";
import { version } from "../../package.json";
import type { AppEnv } from "../http/app-env";
import { authenticate, isolateKeyCache, requireScope } from "../http/auth/authenticate";
import { findKey } from "../http/auth/credentials";
import { stopAccepting, unfinishedMessages } from "../http/local-mode";
import { logFailure } from "../http/log";
import { problem, Refusal } from "../http/problem";
import { type Database, databasesOf } from "../storage/core/databases";
import { missingTables } from "../storage/core/missing-tables";
import { probeDatabase } from "../storage/partitions/database-room";

/** After this time a dependency counts as failed: a health check must answer. */
const CHECK_TIMEOUT_MS = 5_000;

/** The state of one dependency. A queue without metrics has `backlog: "unknown"`. */
interface DependencyReport {
  status: "ok" | "failed";
  ms: number;
  backlog?: { messages: number; bytes: number } | "unknown";
}

/**
 * `GET /health`: without a key, 200 `{status, version}` without any access to dependencies. With an admin key, also
 * each dependency with its response time in milliseconds and the queues' backlogs; 503 and `degraded` if one of them
 * fails.
 */
export const health = new Hono<AppEnv>({ strict: false });

health.get("/", async (c) => {
  c.header("Cache-Control", "no-store");
  if (findKey(c.req.raw) === null) return c.json({ status: "ok", version });
  const sources = { keys: c.env.KEYS, config: c.var.config, cache: isolateKeyCache };
  const identity = await authenticate(c.req.raw, "admin", sources);
  if (identity instanceof Refusal) return identity.response();
  const dependencies = await checkAll(c.env);
  const failed = Object.values(dependencies).some(({ status }) => status === "failed");
  return c.json({ status: failed ? "degraded" : "ok", version, dependencies }, failed ? 503 : 200);
});

/**
 * `POST /health/drain` under `npm start`, with an admin key: stops accepting events, and returns how many messages
 * are not stored yet. A deployment has no such path, because its queue is durable.
 */
health.post("/drain", requireScope("admin"), async (c) => {
  if (!c.var.config.localMode) return problem("not_found", "There is nothing at this path.");
  stopAccepting();
  const backlogs = await Promise.all([c.env.EVENTS, c.env.DEAD_LETTERS, c.env.REPLAYS].map(backlogOf));
  const queued = backlogs.map(({ backlog }) => (typeof backlog === "object" ? backlog.messages : 0));
  return c.json({ waiting: queued.reduce((sum, messages) => sum + messages, unfinishedMessages()) });
});

async function checkAll(env: Env): Promise<Record<string, DependencyReport>> {
  const checks: [string, () => Promise<Partial<DependencyReport>>][] = [
    ["KEYS", () => answered(env.KEYS.get("health"))],
    ...databasesOf(env).map(({ index, binding }): [string, () => Promise<Partial<DependencyReport>>] => [
      index === 0 ? "DB" : `DB_${index}`,
      () => takesWrites({ index, binding }),
    ]),
    ["EVENTS", () => backlogOf(env.EVENTS)],
    ["DEAD_LETTERS", () => backlogOf(env.DEAD_LETTERS)],
    ["REPLAYS", () => backlogOf(env.REPLAYS)],
    ["ERASURES", () => backlogOf(env.ERASURES)],
    ["JOBS", () => backlogOf(env.JOBS)],
  ];
  const reports = checks.map(async ([name, check]) => [name, await timed(name, check)] as const);
  return Object.fromEntries(await Promise.all(reports));
}

async function answered(answer: Promise<unknown>): Promise<Partial<DependencyReport>> {
  await answer;
  return {};
}

/** Returns whether a database has its tables and can be written to. One that only answers may be full or new. */
async function takesWrites(database: Database): Promise<Partial<DependencyReport>> {
  const missing = await missingTables(database);
  if (missing.length > 0) throw new Error(`it lacks ${missing.join(", ")}: apply the migrations`);
  const room = await probeDatabase(database, Date.now() * 1_000);
  if (!room.writable) throw new Error(room.reason);
  return {};
}

async function backlogOf(queue: Queue): Promise<Partial<DependencyReport>> {
  // Older local platforms have no metrics. The queue has not failed then.
  if (typeof queue.metrics !== "function") return { backlog: "unknown" };
  const { backlogCount, backlogBytes } = await queue.metrics();
  return { backlog: { messages: backlogCount, bytes: backlogBytes } };
}

async function timed(name: string, check: () => Promise<Partial<DependencyReport>>): Promise<DependencyReport> {
  const start = Date.now();
  try {
    const report = await Promise.race([check(), timeout()]);
    return { status: "ok", ms: Date.now() - start, ...report };
  } catch (error) {
    logFailure("dependency_failed", new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`));
    return { status: "failed", ms: Date.now() - start };
  }
}

async function timeout(): Promise<never> {
  await scheduler.wait(CHECK_TIMEOUT_MS);
  throw new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`);
}
