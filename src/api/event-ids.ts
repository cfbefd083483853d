import { createHash } from "node:crypto";
import { clientEventId, isJsonObject } from "../model/event";
import { MAX_IDEMPOTENCY_KEY_CHARACTERS } from "../model/limits";
import { Refusal } from "./problem";

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
 * Gives each event its id, in the order of the request: the client's own where it can serve; else one derived from the
 * idempotency key, the same whenever the request is sent again; else a random one.
 */
export function identify(events: readonly unknown[], application: string, idempotencyKey: string | null): string[] {
  return events.map((event, position) => {
    // Most events bring no id, and a failing check costs several times a passing one.
    const own = isJsonObject(event) && typeof event.id === "string" ? clientEventId(event) : null;
    if (own !== null) return own;
    return idempotencyKey === null ? crypto.randomUUID() : derivedId(application, idempotencyKey, position);
  });
}

/** A UUID of version 8 (RFC 9562): SHA-256 of what makes the event the same one, with the version's bits set. */
function derivedId(application: string, idempotencyKey: string, position: number): string {
  // As JSON, so that no two different triples make the same text.
  const hash = createHash("sha256")
    .update(JSON.stringify([application, idempotencyKey, position]))
    .digest("hex");
  const variant = ((Number.parseInt(hash.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-${variant}${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}
