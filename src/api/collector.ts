import { isolateKeyCache, recognise, refuseUse } from "./authenticate";
import { collect } from "./collect";
import { configOf } from "./configuration";
import { allowOrigin, answerPreflight } from "./cors";
import { asksForDryRun, dryRun } from "./dry-run";
import type { Identity } from "./keys";
import { logFailure, logRefusal } from "./log";
import { Refusal } from "./problem";
import { createReceiptClock } from "./receipt-clock";
import { ruleSourceOf } from "./rule-source";

export const COLLECTOR_PATH = "/theeye/events";

/** One for each isolate: it keeps the order in which this isolate receives. */
const isolateClock = createReceiptClock();

/**
 * Whether a request is for the collector, without parsing its URL. Nearly every request is. Through the router and its
 * middleware a single event took about 1.3 times as long as in a Worker that only sends it to the queue; without them
 * about 1.15.
 */
export function isForCollector(request: Request): boolean {
  if (request.method !== "POST") return false;
  const { url } = request;
  const start = url.indexOf("/", url.indexOf("//") + 2);
  if (!url.startsWith(COLLECTOR_PATH, start)) return false;
  const rest = url.slice(start + COLLECTOR_PATH.length);
  return rest === "" || rest === "/" || rest.startsWith("?") || rest.startsWith("/?");
}

/** `POST` and `OPTIONS /theeye/events` in full: key, events, cross-origin headers, the log line of a refusal. */
export async function handleCollector(request: Request, env: Env): Promise<Response> {
  return request.method === "OPTIONS" ? answerPreflight(request) : allowOrigin(request, await answer(request, env));
}

async function answer(request: Request, env: Env): Promise<Response> {
  let application: string | null = null;
  let result: Response | Refusal;
  try {
    const recognised = await recognise(request, { keys: env.KEYS, config: configOf(env), cache: isolateKeyCache });
    if (recognised instanceof Refusal) {
      result = recognised;
    } else {
      application = recognised.identity.application;
      result = refuseUse(recognised, "write", request) ?? (await collectFrom(request, env, recognised.identity));
    }
  } catch (error) {
    logFailure("request_failed", error);
    result = new Refusal("unavailable", "Something failed that should not have. It has been logged.");
  }
  if (!(result instanceof Refusal)) return result;
  logRefusal({ code: result.code, status: result.status, method: request.method, path: COLLECTOR_PATH, application });
  return result.response();
}

async function collectFrom(request: Request, env: Env, identity: Identity): Promise<Response | Refusal> {
  if (identity.application === null) throw new Error("a key that may write belongs to no application");
  const isDryRun = asksForDryRun(request);
  if (isDryRun instanceof Refusal) return isDryRun;
  if (isDryRun) return judge(request, env);
  return collect(request, { application: identity.application, queue: env.EVENTS, clock: isolateClock });
}

async function judge(request: Request, env: Env): Promise<Response | Refusal> {
  const { futureToleranceMicros } = configOf(env);
  const receivedAt = Date.now() * 1000;
  const rules = await ruleSourceOf(env).readLatest(receivedAt);
  return dryRun(request, { receivedAt, futureToleranceMicros, rules });
}
