import { clientEventId, isJsonObject } from "./event";

/** Digits at the end of a request's id, a UUID, that hold an event's position in the request. */
const PLACE_DIGITS = 4;

/**
 * The id of an event: the client's own if it is valid, otherwise the request's UUID with the event's position as its
 * last four digits. So the queue need not carry an id for each event.
 */
export function eventIdOf(event: unknown, requestId: string, position: number): string {
  // Most events have no id, and a failing valibot check costs several times a passing one.
  const own = isJsonObject(event) && typeof event.id === "string" ? clientEventId(event) : null;
  return own ?? requestId.slice(0, -PLACE_DIGITS) + position.toString(16).padStart(PLACE_DIGITS, "0");
}
