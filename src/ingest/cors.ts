/**
 * CORS headers for the collector only. Browsers keep Basic credentials, so a reflected origin on a query route would
 * let any page read with an analyst's credentials.
 */

/** Browsers cache a preflight response for at most two hours (Chromium) or a day (Firefox). */
const PREFLIGHT_LIFETIME_SECONDS = 86_400;

/** Answers a preflight, which has no key: a page of any origin may send, with any headers. */
export function answerPreflight(request: Request): Response {
  const response = new Response(null, { status: 204 });
  response.headers.set("Access-Control-Allow-Methods", "POST, GET");
  response.headers.set("Access-Control-Max-Age", String(PREFLIGHT_LIFETIME_SECONDS));
  const requested = request.headers.get("Access-Control-Request-Headers");
  if (requested !== null) response.headers.set("Access-Control-Allow-Headers", requested);
  response.headers.append("Vary", "Access-Control-Request-Headers");
  return allowOrigin(request, response);
}

/**
 * Lets the page that sent a request read the response, including refusals. Browsers refuse `*` together with
 * credentials, which `navigator.sendBeacon` always sends. Reflecting every origin is safe: the key decides, and the
 * response contains only the ids of the events.
 */
export function allowOrigin(request: Request, response: Response): Response {
  const origin = request.headers.get("Origin");
  if (origin === null) return response;
  response.headers.set("Access-Control-Allow-Origin", origin);
  response.headers.set("Access-Control-Allow-Credentials", "true");
  response.headers.set("Access-Control-Expose-Headers", "Retry-After, Link, Location, Date");
  // The client library reads the server's time from it. The local platform does not set it.
  response.headers.set("Date", new Date().toUTCString());
  response.headers.append("Vary", "Origin");
  return response;
}
