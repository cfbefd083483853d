import { createHash } from "node:crypto";
import { Refusal } from "../http/problem";
import { isJsonObject } from "../model/event/event";
import { MAX_IDEMPOTENCY_KEY_CHARACTERS } from "../model/limits";

/** The request's `Idempotency-Key`, null if it has none, or a refusal if it is not valid. */
export function idempotencyKeyOf(request: Request): string | null | Refusal {
  const key = request.headers.get("Idempotency-Key");
  if (key === null || (key.length > 0 && key.length <= MAX_IDEMPOTENCY_KEY_CHARACTERS)) return key;
  return new Refusal(
    "invalid_parameter",
    `\`Idempotency-Key\` must have 1 to ${MAX_IDEMPOTENCY_KEY_CHARACTERS} characters; this one has ${key.length}.`,
    { parameter: "Idempotency-Key", limit: MAX_IDEMPOTENCY_KEY_CHARACTERS, actual: key.length },
  );
}

/**
 * The id of a request, from which its events without an id get theirs. It is random, or a hash of the idempotency key
 * and the events' content, so that a repeated request has the same id. The same key with other events gives other ids:
 * otherwise the new events would be lost as conflicts. The id is a UUID of version 8 (RFC 9562) with 106 bits that
 * vary.
 */
export function requestIdOf(application: string, idempotencyKey: string | null, events: readonly unknown[]): string {
  if (idempotencyKey === null) {
    const random = crypto.randomUUID();
    // Its variant is right already. The last four digits are left for an event's position.
    return `${random.slice(0, 14)}8${random.slice(15, 32)}0000`;
  }
  const digits = digest([application, idempotencyKey, events.map(comparedMembers)]);
  const variant = ((Number.parseInt(digits.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20, 28)}0000`;
}

/**
 * The content of an event for the hash. Context and other members are left out, since they may contain the time of
 * sending.
 */
function comparedMembers(event: unknown): unknown {
  if (!isJsonObject(event)) return event;
  const { session_id, category, name, data, timestamp, id } = event;
  return [session_id, category, name, data, timestamp, id];
}

function digest(parts: readonly unknown[]): string {
  // JSON gives two different lists different texts.
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
