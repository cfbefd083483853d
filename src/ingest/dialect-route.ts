import { isolateKeyCache, recogniseKey, refuseUse } from "../http/auth/authenticate";
import { findKey } from "../http/auth/credentials";
import { withRelativeLinks } from "../http/links";
import { isStopping } from "../http/local-mode";
import { logRefusal } from "../http/log";
import { withoutSniffing } from "../http/no-sniffing";
import { Refusal } from "../http/problem";
import { readBody } from "../http/request/body";
import { refuseUnexpected } from "../http/unexpected-error";
import { configOf } from "../model/configuration";
import { acceptEvents } from "./accept-request";
import { isolateClock } from "./collect-route";
import { allowOrigin, answerPreflight } from "./cors";
import type { Dialect, VendorCall, VendorRequest } from "./dialects/dialect";

/** Handles a request of a vendor's SDK: checks the key, accepts the events, sets the CORS headers and logs refusals. */
export async function handleDialect(dialect: Dialect, path: string, request: Request, env: Env): Promise<Response> {
  if (request.method === "OPTIONS") return answerPreflight(request);
  const { method, headers, url } = request;
  const vendorRequest: VendorRequest = {
    ...{ method, headers, text: "" },
    path: path.replace(/\/$/, ""),
    query: new URL(url).searchParams,
  };
  let application: string | null = null;
  const identified = (name: string) => {
    application = name;
  };
  let result: Response | Refusal;
  try {
    result = await answer(dialect, vendorRequest, request, env, identified);
  } catch (error) {
    result = refuseUnexpected(error);
  }
  if (result instanceof Refusal) {
    logRefusal({ code: result.code, status: result.status, method, path, application });
    result = dialect.refuse(vendorRequest, result);
  }
  return allowOrigin(request, withoutSniffing(await withRelativeLinks(result, { url, path })));
}

async function answer(
  dialect: Dialect,
  vendorRequest: VendorRequest,
  request: Request,
  env: Env,
  identified: (application: string) => void,
): Promise<Response | Refusal> {
  const body = await readBody(request);
  if (body instanceof Refusal) return body;
  vendorRequest.text = body.text;
  const call = dialect.read(vendorRequest);
  if (call instanceof Refusal) return call;
  if (call.isAside) return dialect.accept(vendorRequest, call);

  const key = findKeyOf(call, request);
  if (key instanceof Refusal) return key;
  const recognised = await recogniseKey(key, { keys: env.KEYS, config: configOf(env), cache: isolateKeyCache });
  if (recognised instanceof Refusal) return recognised;
  const { application } = recognised.identity;
  if (application !== null) identified(application);
  const forbidden = refuseUse(recognised, "write", request);
  if (forbidden !== null) return forbidden;
  if (application === null) throw new Error("a write key has no application");

  if (isStopping()) return new Refusal("unavailable", "The service is shutting down and accepts no more events.");
  const sources = { application, queue: env.EVENTS, clock: isolateClock };
  const ids = await acceptEvents(call.events, sources, null);
  return ids instanceof Refusal ? ids : dialect.accept(vendorRequest, call);
}

/** The key of the vendor's protocol, otherwise one in the usual places. */
function findKeyOf({ key }: VendorCall, request: Request): string | null | Refusal {
  return key ?? findKey(request);
}
