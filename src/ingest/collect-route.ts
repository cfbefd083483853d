import { isolateKeyCache, recognise, refuseUse } from "../http/auth/authenticate";
import type { Identity } from "../http/auth/keys";
import { withRelativeLinks } from "../http/links";
import { isStopping } from "../http/local-mode";
import { logRefusal } from "../http/log";
import { withoutSniffing } from "../http/no-sniffing";
import { Refusal } from "../http/problem";
import { refuseUnexpected } from "../http/unexpected-error";
import { configOf } from "../model/configuration";
import type { RuleSource } from "../rules/rule-source";
import { collect } from "./accept-request";
import { allowOrigin, answerPreflight } from "./cors";
import { asksForDryRun, dryRun } from "./dry-run";
import { createReceiptClock } from "./receipt-clock";

export const COLLECTOR_PATH = "/theeye/events";

/** The same route for the client library, under a name that is on no ad blocker's list. */
export const CLIENT_PATH = "/eye";

/** The isolate's clock, which keeps the order in which the isolate receives events. */
export const isolateClock = createReceiptClock();

/**
 * Whether a request is for the collector, decided without parsing its URL. Nearly every request is. With the router and
 * its middleware, a single event took about 1.3 times as long as in a Worker that only sends it to the queue; without
 * them, about 1.15 times.
 */
export function isForCollector(request: Request): boolean {
  if (request.method !== "POST") return false;
  const { url } = request;
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const path = [COLLECTOR_PATH, CLIENT_PATH].find((known) => url.startsWith(known, start));
  if (path === undefined) return false;
  const rest = url.slice(start + path.length);
  return rest === "" || rest === "/" || rest.startsWith("?") || rest.startsWith("/?");
}

/**
 * The rules for a dry run. They are an argument, because they are in a database and this folder must not import
 * storage.
 */
export type RulesOf = (env: Env) => Pick<RuleSource, "readLatest">;

/**
 * Handles `POST` and `OPTIONS` of `/theeye/events` and `/eye`: checks the key, accepts the events, sets the CORS
 * headers and logs refusals.
 */
export async function handleCollector(request: Request, env: Env, rulesOf: RulesOf): Promise<Response> {
  if (request.method === "OPTIONS") return answerPreflight(request);
  const response = await answer(request, env, rulesOf);
  const placed = response.ok
    ? response
    : await withRelativeLinks(response, { url: request.url, path: pathOf(request) });
  return allowOrigin(request, placed);
}

/** Which of the two paths was requested, without any prefix. */
function pathOf({ url }: Request): string {
  return new URL(url).pathname.replace(/\/$/, "").endsWith(COLLECTOR_PATH) ? COLLECTOR_PATH : CLIENT_PATH;
}

async function answer(request: Request, env: Env, rulesOf: RulesOf): Promise<Response> {
  let application: string | null = null;
  let result: Response | Refusal;
  try {
    const recognised = await recognise(request, { keys: env.KEYS, config: configOf(env), cache: isolateKeyCache });
    if (recognised instanceof Refusal) {
      result = recognised;
    } else {
      application = recognised.identity.application;
      result =
        refuseUse(recognised, "write", request) ?? (await collectFrom(request, env, recognised.identity, rulesOf));
    }
  } catch (error) {
    result = refuseUnexpected(error);
  }
  if (!(result instanceof Refusal)) return result;
  logRefusal({ code: result.code, status: result.status, method: request.method, path: COLLECTOR_PATH, application });
  return withoutSniffing(result.response());
}

async function collectFrom(
  request: Request,
  env: Env,
  identity: Identity,
  rulesOf: RulesOf,
): Promise<Response | Refusal> {
  if (identity.application === null) throw new Error("a write key has no application");
  const isDryRun = asksForDryRun(request);
  if (isDryRun instanceof Refusal) return isDryRun;
  if (isStopping()) return new Refusal("unavailable", "The service is shutting down and accepts no more events.");
  if (isDryRun) {
    const verdicts = await validate(request, env, rulesOf);
    return verdicts instanceof Refusal ? verdicts : withoutSniffing(verdicts);
  }
  return collect(request, { application: identity.application, queue: env.EVENTS, clock: isolateClock });
}

async function validate(request: Request, env: Env, rulesOf: RulesOf): Promise<Response | Refusal> {
  const { futureToleranceMicros } = configOf(env);
  const receivedAt = Date.now() * 1000;
  const rules = await rulesOf(env).readLatest(receivedAt);
  return dryRun(request, { receivedAt, futureToleranceMicros, rules });
}
