import { clientEventId, isJsonObject } from "./event";

/** Digits at the end of a request's id, a UUID, that hold an event's place in the request. */
const PLACE_DIGITS = 4;

/**
 * The id of an event: the client's own where it can serve; else the one that follows from its request's, a UUID whose last
 * four digits say its place. So the queue need not carry an id for each.
 */
export function eventIdOf(event: unknown, requestId: string, position: number): string {
  // Most events bring no id, and a failing check costs several times a passing one.
  const own = isJsonObject(event) && typeof event.id === "string" ? clientEventId(event) : null;
  return own ?? requestId.slice(0, -PLACE_DIGITS) + position.toString(16).padStart(PLACE_DIGITS, "0");
}
