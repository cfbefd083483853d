import { createHash } from "node:crypto";

/**
 * A UUID of version 8 (RFC 9562) from the SHA-256 of the parts: the same parts give the same id, so that a log that is
 * replayed again names the same sessions and events.
 */
export function derivedId(...parts: (string | number)[]): string {
  const digest = createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  const variant = ((Number.parseInt(digest.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join("-");
}
