import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { isJsonObject } from "../model/event";
import { jsonText } from "../model/json-text";
import { formatTimestamp, type Micros, parseTimestamp } from "../model/time";

/**
 * A fingerprint of what an event says: 96 bits of SHA-256 over the canonical JSON (RFC 8785) of its category, name, data
 * and moment. Two deliveries of one event have the same, in whatever order their members and form their timestamp comes.
 */
export function fingerprint(event: unknown): string {
  const said = saying(event);
  const text = isDeep(said) ? jsonText(said) : canonicalize(said);
  return createHash("sha256")
    .update(text ?? "")
    .digest("base64url")
    .slice(0, 16);
}

/** The fingerprint that a stored event had on its arrival. */
export function storedFingerprint(event: { category: string; name: string; data: string; occurredAt: Micros }): string {
  const { category, name, data, occurredAt } = event;
  return fingerprint({ category, name, data: JSON.parse(data), timestamp: formatTimestamp(occurredAt) });
}

/**
 * Canonical JSON is written by recursion and overflows the stack near 3,000 levels, which 6 KB can hold. What is nested
 * deeper than this is compared as it stands: an event in two orders of members then counts as two.
 */
const MAX_CANONICAL_LEVELS = 500;

function isDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_CANONICAL_LEVELS) return true;
    level = level.flatMap((one): unknown[] => (typeof one === "object" && one !== null ? Object.values(one) : []));
  }
  return false;
}

function saying(event: unknown): unknown {
  if (!isJsonObject(event)) return event;
  const { category, name, data, timestamp } = event;
  const occurredAt = typeof timestamp === "string" ? parseTimestamp(timestamp) : null;
  return { category, name, data, timestamp: occurredAt === null ? timestamp : formatTimestamp(occurredAt) };
}

/**
 * The identity of a failed event, in the shape of a UUID: the same however often it is delivered, another one for another
 * content under the same id.
 */
export function errorId(session: string | null, eventId: string, contentFingerprint: string): string {
  const hex = createHash("sha256")
    .update(JSON.stringify([session, eventId, contentFingerprint]))
    .digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
