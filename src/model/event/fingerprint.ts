import { createHash } from "node:crypto";
import { canonicalText } from "../json/canonical-text";
import { formatTimestamp, momentOf } from "../time/time";
import { isJsonObject } from "./event";

/**
 * A fingerprint of an event's content: 96 bits of SHA-256 over the canonical JSON (RFC 8785) of its category, name,
 * data and timestamp. It does not depend on the order of members or the form of the timestamp.
 */
export function fingerprint(event: unknown): string {
  return createHash("sha256")
    .update(canonicalText(comparedContent(event)))
    .digest("base64url")
    .slice(0, 16);
}

function comparedContent(event: unknown): unknown {
  if (!isJsonObject(event)) return event;
  const { category, name, data, timestamp } = event;
  const occurredAt = momentOf(timestamp);
  return { category, data, name, timestamp: occurredAt === null ? timestamp : formatTimestamp(occurredAt) };
}

/**
 * The id of a failed event, formatted as a UUID. Every delivery of the event gives the same id; different content under
 * the same event id gives another.
 */
export function errorId(session: string | null, eventId: string, contentFingerprint: string): string {
  const hex = createHash("sha256")
    .update(JSON.stringify([session, eventId, contentFingerprint]))
    .digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
