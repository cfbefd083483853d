import { createHash } from "node:crypto";
import { Refusal } from "../http/problem";
import { isJsonObject } from "../model/event/event";
import { MAX_IDEMPOTENCY_KEY_CHARACTERS } from "../model/limits";

/** The request's `Idempotency-Key`, null if it has none, or a refusal if it cannot serve. */
export function idempotencyKeyOf(request: Request): string | null | Refusal {
  const key = request.headers.get("Idempotency-Key");
  if (key === null || (key.length > 0 && key.length <= MAX_IDEMPOTENCY_KEY_CHARACTERS)) return key;
  return new Refusal(
    "invalid_parameter",
    `\`Idempotency-Key\` takes 1 to ${MAX_IDEMPOTENCY_KEY_CHARACTERS} characters; this one has ${key.length}.`,
    { parameter: "Idempotency-Key", limit: MAX_IDEMPOTENCY_KEY_CHARACTERS, actual: key.length },
  );
}

/**
 * The id of a request, from which follow the ids of those of its events that bring none: random, or made of the idempotency
 * key and what the events say, the same whenever the request is sent again. With other events the same key gives other ids:
 * taken for the first ones, they would be lost as conflicts. A UUID of version 8 (RFC 9562), of which 106 bits tell requests
 * apart.
 */
export function requestIdOf(application: string, idempotencyKey: string | null, events: readonly unknown[]): string {
  const digits =
    idempotencyKey === null
      ? crypto.randomUUID().replaceAll("-", "")
      : digest([application, idempotencyKey, events.map(saidBy)]);
  const variant = ((Number.parseInt(digits.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20, 28)}0000`;
}

/** What makes an event the same when it is sent again. Context and other members may say when it was sent. */
function saidBy(event: unknown): unknown {
  if (!isJsonObject(event)) return event;
  const { session_id, category, name, data, timestamp, id } = event;
  return [session_id, category, name, data, timestamp, id];
}

function digest(parts: readonly unknown[]): string {
  // As JSON, so that no two different lists make the same text.
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
