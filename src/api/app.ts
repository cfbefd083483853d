import { Hono, type MiddlewareHandler } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import { getPathNoStrict } from "hono/utils/url";
import * as v from "valibot";
import type { AppEnv } from "../http/app-env";
import { requireScope } from "../http/auth/authenticate";
import { withRelativeLinks } from "../http/links";
import { logRefusal } from "../http/log";
import { withoutSniffing } from "../http/no-sniffing";
import { problem } from "../http/problem";
import { takesNoParameters } from "../http/request/no-parameters";
import { ruleSourceOf } from "../http/rule-source";
import { refuseUnexpected } from "../http/unexpected-error";
import { CLIENT_PATH, COLLECTOR_PATH, handleCollector, isForCollector } from "../ingest/collect-route";
import { handleDialect } from "../ingest/dialect-route";
import { DIALECTS } from "../ingest/dialects/dialects";
import { configOf } from "../model/configuration";
import { alerts } from "./admin/alerts";
import { applications } from "./admin/applications";
import { settings } from "./admin/settings";
import { storage } from "./admin/storage";
import { client } from "./client";
import { documentation } from "./docs/documentation";
import { eraseError, eraseSession, eraseVisitor, listAllErasures, showErasure } from "./erasures/erasures";
import { summariseErrors } from "./errors/error-summary";
import { listErrors, showError } from "./errors/errors";
import { eventTypes } from "./event-types/event-types";
import { listEvents } from "./events/events";
import { showReceipt } from "./events/receipts";
import { exportAll } from "./exports/exports";
import { health } from "./health";
import { showProperties } from "./questions/properties";
import { savedQuestions } from "./questions/saved-questions";
import { showSessionStats } from "./questions/stats/session-stats";
import { showStats } from "./questions/stats/stats";
import { createReplay, endReplay, listAllReplays, resumeReplay, showReplay } from "./replays/replays";
import { askFunnel } from "./sequences/funnels";
import { showJob } from "./sequences/jobs";
import { askPaths } from "./sequences/paths";
import { askRetention } from "./sequences/retention";
import { showSession } from "./sessions/session";
import { listSessions } from "./sessions/sessions";
import { showVisitor } from "./sessions/visitors";

/** The Worker's HTTP interface: every path, with or without a trailing slash. */
export interface App {
  fetch(request: Request, env: Env, context: ExecutionContext): Response | Promise<Response>;
  /** Like `fetch`, for tests: by path, and only through the router. */
  request: Hono<AppEnv>["request"];
}

export function createApp(): App {
  const router = createRouter();
  return {
    fetch: (request, env, context) =>
      isForCollector(request) ? handleCollector(request, env, ruleSourceOf) : router.fetch(request, env, context),
    request: router.request,
  };
}

export function createRouter(): Hono<AppEnv> {
  const app = new Hono<AppEnv>({ getPath: pathWithoutPrefix });

  // Registered before the middleware: the ingest handler logs and answers by itself.
  app.on(["POST", "OPTIONS"], [COLLECTOR_PATH, CLIENT_PATH], (c) => handleCollector(c.req.raw, c.env, ruleSourceOf));
  for (const dialect of DIALECTS) {
    app.on(["POST", "GET", "OPTIONS"], [...dialect.paths], (c) => handleDialect(dialect, c.req.path, c.req.raw, c.env));
  }
  app.use(async (c, next) => {
    await next();
    c.res = await withRelativeLinks(c.res, { url: c.req.url, path: c.req.path });
    withoutSniffing(c.res);
  });
  app.use(logRefusals);
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        const allow = methods.join(", ");
        return problem(
          "method_not_allowed",
          `${c.req.method} is not allowed here; allowed are ${allow}.`,
          {},
          { Allow: allow },
        );
      },
    }),
  );
  app.use(async (c, next) => {
    c.set("config", configOf(c.env));
    await next();
  });

  // Each of these handlers limits a key that is bound to applications to their data.
  const asks = requireScope("read", { heedsBinding: true });
  app.get("/theeye/events", asks, listEvents);
  app.get("/theeye/exports", asks, exportAll);
  app.get("/theeye/sessions", asks, listSessions);
  app.get("/theeye/sessions/stats", asks, showSessionStats);
  app.get("/theeye/sessions/:id", asks, showSession);
  app.get("/theeye/errors", asks, listErrors);
  app.get("/theeye/errors/summary", asks, summariseErrors);
  app.delete("/theeye/sessions/:id", requireScope("admin"), eraseSession);
  app.delete("/theeye/visitors/:id", requireScope("admin"), eraseVisitor);
  app.delete("/theeye/errors/:id", requireScope("admin"), takesNoParameters, eraseError);
  app.get("/theeye/erasures", requireScope("admin"), listAllErasures);
  app.get("/theeye/erasures/:id", requireScope("admin"), takesNoParameters, showErasure);
  app.post("/theeye/errors/replay", requireScope("admin"), createReplay);
  app.get("/theeye/errors/:id", asks, showError);
  app.get("/theeye/receipts", showReceipt);
  app.get("/theeye/replays", asks, listAllReplays);
  app.get("/theeye/replays/:id", asks, takesNoParameters, showReplay);
  app.post("/theeye/replays/:id/resume", requireScope("admin"), takesNoParameters, resumeReplay);
  app.post("/theeye/replays/:id/cancel", requireScope("admin"), takesNoParameters, endReplay);
  app.get("/theeye/stats", asks, showStats);
  app.get("/theeye/properties", asks, showProperties);
  app.post("/theeye/funnels", asks, takesNoParameters, askFunnel);
  app.post("/theeye/paths", asks, takesNoParameters, askPaths);
  app.get("/theeye/retention", asks, askRetention);
  app.get("/theeye/jobs/:id", asks, takesNoParameters, showJob);
  app.get("/theeye/visitors/:id", requireScope("read"), showVisitor);
  app.route(
    "/theeye/questions",
    savedQuestions((request, env) => app.fetch(request, env)),
  );
  app.route("/theeye/applications", applications);
  app.route("/theeye/event-types", eventTypes);
  app.route("/theeye/settings", settings);
  app.route("/theeye/storage", storage);
  app.route("/theeye/alerts", alerts);
  app.route("/", client);
  app.route("/health", health);
  app.route("/", documentation);

  app.notFound(() => problem("not_found", "There is nothing at this path."));
  app.onError((error) => refuseUnexpected(error).response());
  return app;
}

/** Every path is also served under `PATH_PREFIX`. An invalid prefix is refused later, with all settings. */
function pathWithoutPrefix(request: Request, options?: { env?: { PATH_PREFIX?: unknown } | undefined }): string {
  const path = getPathNoStrict(request);
  const prefix = options?.env?.PATH_PREFIX;
  if (typeof prefix !== "string" || prefix === "") return path;
  if (path === prefix) return "/";
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
}

/** One log line for each refused request and none for the others, because a line costs as much as an event. */
const logRefusals: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  if (c.res.status < 400) return;
  const code = await problemCodeOf(c.res);
  if (code === null) return;
  const application = c.var.identity?.application ?? null;
  logRefusal({ code, status: c.res.status, method: c.req.method, path: c.req.path, application });
};

const ProblemSchema = v.object({ code: v.string() });

/** Read from the response itself, so that no handler needs to report its refusals. */
async function problemCodeOf(response: Response): Promise<string | null> {
  if (response.headers.get("Content-Type") !== "application/problem+json") return null;
  const body = v.safeParse(ProblemSchema, await response.clone().json());
  return body.success ? body.output.code : null;
}
