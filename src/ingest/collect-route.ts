import { isolateKeyCache, recognise, refuseUse } from "../http/auth/authenticate";
import type { Identity } from "../http/auth/keys";
import { configOf } from "../http/configuration";
import { isStopping } from "../http/local-mode";
import { logFailure, logRefusal } from "../http/log";
import { withoutSniffing } from "../http/no-sniffing";
import { Refusal } from "../http/problem";
import { ConfigError } from "../model/config";
import type { RuleSource } from "../rules/rule-source";
import { collect } from "./accept-request";
import { allowOrigin, answerPreflight } from "./cors";
import { asksForDryRun, dryRun } from "./dry-run";
import { createReceiptClock } from "./receipt-clock";

export const COLLECTOR_PATH = "/theeye/events";

/** The same for the client library, by a name that no blocker's word list holds. */
export const CLIENT_PATH = "/eye";

/** One for each isolate: it keeps the order in which this isolate receives. */
export const isolateClock = createReceiptClock();

/**
 * Whether a request is for the collector, without parsing its URL. Nearly every request is. Through the router and its
 * middleware a single event took about 1.3 times as long as in a Worker that only sends it to the queue; without them
 * about 1.15.
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

/** The rules that a dry run validates by. An argument, because they lie in a database, and this path touches none. */
export type RulesOf = (env: Env) => Pick<RuleSource, "readLatest">;

/** `POST` and `OPTIONS /theeye/events` and `/eye` in full: key, events, cross-origin headers, the log line of a refusal. */
export async function handleCollector(request: Request, env: Env, rulesOf: RulesOf): Promise<Response> {
  if (request.method === "OPTIONS") return answerPreflight(request);
  return allowOrigin(request, await answer(request, env, rulesOf));
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
    logFailure("request_failed", error);
    result =
      error instanceof ConfigError
        ? new Refusal("misconfigured", error.message)
        : new Refusal("unavailable", "Something failed that should not have. It has been logged.");
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
  if (identity.application === null) throw new Error("a key that may write belongs to no application");
  const isDryRun = asksForDryRun(request);
  if (isDryRun instanceof Refusal) return isDryRun;
  if (isStopping()) return new Refusal("unavailable", "The service is about to end, and accepts nothing more.");
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
