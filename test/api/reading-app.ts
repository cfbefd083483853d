import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { summariseErrors } from "../../src/api/errors/error-summary";
import { listErrors, showError } from "../../src/api/errors/errors";
import { listEvents } from "../../src/api/events/events";
import { exportAll } from "../../src/api/exports/exports";
import { showProperties } from "../../src/api/questions/properties";
import { showSessionStats } from "../../src/api/questions/stats/session-stats";
import { showStats } from "../../src/api/questions/stats/stats";
import { showSession } from "../../src/api/sessions/session";
import { listSessions } from "../../src/api/sessions/sessions";
import type { AppEnv } from "../../src/http/app-env";

/** Only the read routes, without the Worker's middleware. */
const app = new Hono<AppEnv>()
  .use(async (c, next) => {
    c.set("identity", { scope: "admin", application: null });
    await next();
  })
  .get("/theeye/events", listEvents)
  .get("/theeye/exports", exportAll)
  .get("/theeye/sessions", listSessions)
  .get("/theeye/sessions/stats", showSessionStats)
  .get("/theeye/sessions/:id", showSession)
  .get("/theeye/errors", listErrors)
  .get("/theeye/errors/summary", summariseErrors)
  .get("/theeye/errors/:id", showError)
  .get("/theeye/properties", showProperties)
  .get("/theeye/stats", showStats);

/** Requests a path with its query, or the URL in `next`. */
export async function ask(url: string, bindings: Env = env): Promise<Response> {
  return app.request(new URL(url, "https://eye.example").href, {}, bindings);
}

/** An environment whose databases fail with the given message. */
export function withBrokenDatabases(message: string): Env {
  const fail = () => Promise.reject(new Error(message));
  const statement = { bind: () => statement, all: fail, raw: fail, run: fail, first: fail };
  const session = { prepare: () => statement, batch: fail };
  return { ...env, DB: { ...session, withSession: () => session } as unknown as D1Database };
}
