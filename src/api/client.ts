import { Hono } from "hono";
import type { AppEnv } from "../http/app-env";
import { problem } from "../http/problem";
import { CLIENT_PATH } from "../ingest/collect-route";
import { showReceipt } from "./events/receipts";

/** Pages of any origin may read the responses, but without a browser's stored credentials: the key is in the query. */
const ANY_ORIGIN = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "Date",
  "Cross-Origin-Resource-Policy": "cross-origin",
};

/** An hour: long enough to cost nothing, and short enough for a new version. */
const SCRIPT_HEADERS = {
  ...ANY_ORIGIN,
  "Content-Type": "text/javascript; charset=utf-8",
  "Cache-Control": "public, max-age=3600",
  "X-Content-Type-Options": "nosniff",
};

/** What the client library requests besides sending: the time, the status of an event, and its own script. */
export const client = new Hono<AppEnv>({ strict: false });

/** With an `id`: the status of the event, as in `/theeye/receipts`. Without: the time, in `Date`. */
client.get(CLIENT_PATH, async (c) => {
  const answer =
    c.req.query("id") === undefined
      ? new Response(null, { status: 204, headers: { Date: new Date().toUTCString(), "Cache-Control": "no-store" } })
      : await showReceipt(c);
  for (const [name, value] of Object.entries(ANY_ORIGIN)) answer.headers.set(name, value);
  return answer;
});

/** Built from `client/` by scripts/copy-assets.ts. */
client.get("/eye.js", async (c) => {
  // By its own path, because the path of the request may have a prefix.
  const file = await c.env.ASSETS.fetch(new Request(new URL("/eye.js", c.req.url), c.req.raw));
  if (file.status === 404) return problem("not_found", "There is nothing at this path.");
  const answer = new Response(file.body, file);
  for (const [name, value] of Object.entries(SCRIPT_HEADERS)) answer.headers.set(name, value);
  return answer;
});
