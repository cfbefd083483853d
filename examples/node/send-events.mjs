// Sends the events of a server's session and reads them back. Needs only Node 20 or newer.
//
//   node examples/node/send-events.mjs
//   EYE_URL=https://… EYE_WRITE_KEY=eye_w_… EYE_READ_KEY=eye_r_… node examples/node/send-events.mjs

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const URL_OF_EYE = process.env.EYE_URL ?? "http://localhost:8787";
const WRITE_KEY = process.env.EYE_WRITE_KEY ?? "eye_w_local";
const READ_KEY = process.env.EYE_READ_KEY ?? "eye_r_local";

const ATTEMPTS = 6;

/**
 * Sends up to 500 events. Retries while the service cannot be reached or cannot accept them. With the request's
 * `Idempotency-Key`, events without an id get the same ids at each try, so none is stored twice.
 *
 * @param {object[]} events
 * @returns {Promise<string[]>} their ids, in order
 */
async function send(events) {
  const headers = { Authorization: `Bearer ${WRITE_KEY}`, "Idempotency-Key": randomUUID() };
  for (let attempt = 1; ; attempt++) {
    const response = await post(headers, JSON.stringify(events));
    if (response?.status === 202) {
      /** @type {{ ids: string[] }} */
      const { ids } = JSON.parse(await response.text());
      return ids;
    }
    const mayWorkLater = response === null || response.status === 429 || response.status >= 500;
    if (!mayWorkLater || attempt === ATTEMPTS) {
      throw new Error(`Not accepted: ${response === null ? "no connection" : await response.text()}`);
    }
    await sleep(Number(response?.headers.get("Retry-After") ?? 2 ** attempt / 2) * 1_000);
  }
}

/**
 * @param {Record<string, string>} headers
 * @param {string} body
 * @returns {Promise<Response | null>} null if there was no answer
 */
async function post(headers, body) {
  try {
    return await fetch(`${URL_OF_EYE}/theeye/events`, { method: "POST", headers, body });
  } catch {
    return null;
  }
}

/**
 * The events of a session, in order, once `count` of them can be read. A 202 means that events are safe, not that they are
 * processed: that takes a few seconds.
 *
 * @param {string} session
 * @param {number} count
 * @returns {Promise<{ name: string, timestamp: string, position: number }[]>}
 */
async function readSession(session, count) {
  for (;;) {
    const response = await fetch(`${URL_OF_EYE}/theeye/sessions/${session}`, {
      headers: { Authorization: `Bearer ${READ_KEY}` },
    });
    if (response.ok) {
      /** @type {{ results: { name: string, timestamp: string, position: number }[] }} */
      const { results } = JSON.parse(await response.text());
      if (results.length >= count) return results;
    } else if (response.status !== 404) {
      throw new Error(await response.text());
    }
    await sleep(500);
  }
}

const session = randomUUID();
const events = ["basket opened", "address given", "order placed"].map((name, step) => ({
  session_id: session,
  category: "checkout",
  name,
  data: { step },
  timestamp: new Date().toISOString(),
}));

const ids = await send(events);
console.log(`Accepted: ${ids.join(", ")}`);
for (const { position, timestamp, name } of await readSession(session, events.length)) {
  console.log(`${position}  ${timestamp}  ${name}`);
}
