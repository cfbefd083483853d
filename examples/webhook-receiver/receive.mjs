// Receives the messages of alerts and refuses those that The Eye has not signed. Needs only Node 20 or newer.
//
//   EYE_ALERT_SECRET=… PORT=9000 node examples/webhook-receiver/receive.mjs
//
// The secret is shown only in the answer to creating an alert (POST /theeye/alerts).

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const SECRET = process.env.EYE_ALERT_SECRET ?? "";
const MAX_AGE_SECONDS = 300;
const MAX_BODY_BYTES = 100_000;

/**
 * Whether a message is recent and signed with the secret.
 *
 * @param {string} body as received: parsed and serialized again, it may differ by a space
 * @param {unknown} timestamp of `X-Eye-Timestamp`, in seconds since 1970
 * @param {unknown} signature of `X-Eye-Signature`
 */
function isGenuine(body, timestamp, signature) {
  // The timestamp is signed too, so an intercepted message is useless after some minutes.
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= MAX_AGE_SECONDS)) return false;
  const expected = Buffer.from(`v1=${createHmac("sha256", SECRET).update(`${timestamp}.${body}`).digest("hex")}`);
  const given = Buffer.from(String(signature));
  // Compared in constant time, so that the signature cannot be guessed character by character.
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Ids of handled messages. In production, store them so that a restart does not lose them. */
const handled = new Set();

const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) {
    body += chunk;
    if (body.length > MAX_BODY_BYTES) return response.writeHead(413).end();
  }
  const { "x-eye-id": id, "x-eye-timestamp": timestamp, "x-eye-signature": signature } = request.headers;
  if (!isGenuine(body, timestamp, signature)) return response.writeHead(401).end();
  // The same message is sent again if our answer was lost.
  if (!handled.has(id)) {
    handled.add(id);
    const { kind, alert, found } = JSON.parse(body);
    console.log(`${alert.name}: ${kind === "begin" ? "begins" : "ends"} with ${found.failures} failures`);
  }
  // Answer with any 2xx. After other answers the message is sent again, first after a minute. The answer may take 10 s: do
  // long work after it.
  response.writeHead(204).end();
});

if (SECRET === "") throw new Error("EYE_ALERT_SECRET is missing.");
server.listen(Number(process.env.PORT ?? 9000), "127.0.0.1", () => console.log("Waiting for alerts."));
