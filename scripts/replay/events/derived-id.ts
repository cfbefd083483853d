import { hash } from "node:crypto";

/**
 * A UUID of version 8 (RFC 9562) from the SHA-256 of the parts: the same parts give the same id, so a log that is replayed
 * again has the same visitors, sessions and events.
 */
export function derivedId(...parts: (string | number | null)[]): string {
  const digest = hash("sha256", JSON.stringify(parts), "hex");
  const variant = VARIANTS.charAt(Number.parseInt(digest.charAt(16), 16) & 0x3);
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}

const VARIANTS = "89ab";
