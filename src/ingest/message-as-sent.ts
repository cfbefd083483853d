import { isJsonObject } from "../model/event/event";
import { isNestedDeeper } from "../model/json/nesting";
import { MAX_NESTING_LEVELS, MAX_SESSIONS_PER_MESSAGE } from "../model/limits";
import type { Receipt } from "./pack";
import type { ParsedEvents } from "./parse-events";

/** A queue message that is already serialised. */
export interface WrittenMessage {
  text: string;
  /** An upper bound of its size in UTF-8. */
  bytes: number;
}

/** With its envelope, such a body stays below the 64 KB that Queues bill as one message. */
export const MAX_AS_SENT_BYTES = 60_000;

/** The largest envelope around the events: an application name of 64 characters and a request id. */
const MAX_HEAD_BYTES = 500;

/**
 * The message for a request whose body can be queued as it was sent, which is nearly every request. Serialising the
 * events again took a tenth of the edge's CPU for a batch of 100.
 *
 * @returns null if `pack` must measure the events: there are many or large ones, or some are nested too deeply to be
 *   parsed with the others
 */
export function messageAsSent(
  { events, json }: ParsedEvents,
  bytes: number,
  requestId: string,
  receipt: Receipt,
): WrittenMessage | null {
  if (json === null || bytes > MAX_AS_SENT_BYTES || hasManySessions(events)) return null;
  if (events.some((event) => isNestedDeeper(event, MAX_NESTING_LEVELS))) return null;
  const head = JSON.stringify({ v: 1, ...receipt, request: { id: requestId, events: [] } });
  // The envelope ends in `[]}}`.
  return { text: `${head.slice(0, -4)}${json}}}`, bytes: bytes + MAX_HEAD_BYTES };
}

function hasManySessions(events: readonly unknown[]): boolean {
  if (events.length <= MAX_SESSIONS_PER_MESSAGE) return false;
  const sessions = new Set(events.map((event) => (isJsonObject(event) ? event.session_id : null)));
  return sessions.size > MAX_SESSIONS_PER_MESSAGE;
}
