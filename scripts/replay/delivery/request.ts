import { ReplayStopped } from "../stopped.ts";

const MAX_TRIES = 8;
const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 30_000;

/** The I/O of a request; tests pass their own. */
export interface Io {
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  pause: (ms: number) => Promise<unknown>;
  now: () => number;
}

/**
 * Sends a request until it succeeds. 429, 5xx and network errors are retried, after `Retry-After` if the answer has it,
 * otherwise after a pause that doubles. With `Retry-After` an outage may last for any time; without it, the replay stops
 * after eight failures in a row.
 *
 * @throws ReplayStopped on any other answer, because it would be the same again.
 */
export async function requestJson(io: Io, url: string, init: RequestInit): Promise<unknown> {
  let reason = "";
  for (let tries = 0; tries < MAX_TRIES; ) {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** tries, MAX_PAUSE_MS);
    let response: Response;
    let text: string;
    try {
      response = await io.fetch(url, init);
      text = await response.text();
    } catch (error) {
      reason = networkReason(error);
      tries++;
      await io.pause(pauseMs);
      continue;
    }
    if (response.ok) return parseAnswer(url, text);
    reason = `${response.status} ${text.slice(0, 500)}`;
    if (response.status !== 429 && response.status < 500)
      throw new ReplayStopped(refusal(url, response.status, reason));
    const asked = retryAfterMs(response.headers.get("Retry-After"), io.now());
    if (asked === null) tries++;
    await io.pause(asked ?? pauseMs);
  }
  throw new ReplayStopped(
    `${withoutQuery(url)} did not answer after ${MAX_TRIES} tries: ${reason}. Is The Eye running there? Start it with npm start, or give its address with --url.`,
  );
}

/** For messages: a query of dates and cursors is of no use to people. */
export function withoutQuery(url: string): string {
  return url.replace(/\?.*$/s, "");
}

function parseAnswer(url: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ReplayStopped(
      `${withoutQuery(url)} does not answer as The Eye does. Is --url the address where The Eye runs?`,
    );
  }
}

/** Reads a `Retry-After` header (RFC 9110): whole seconds or a date. */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

function refusal(url: string, status: number, reason: string): string {
  if (status === 401)
    return `The key is not valid at ${withoutQuery(url)}. Give one with --key (writing) and --read-key (reading). ${reason}`;
  if (status === 403)
    return `The key does not allow this at ${withoutQuery(url)}: --key needs scope write, --read-key scope read. ${reason}`;
  return `${withoutQuery(url)} refused the request: ${reason}`;
}

/** fetch itself only says "fetch failed". */
function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message;
}
