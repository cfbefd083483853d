import type { Scope } from "../../model/access-key";

/**
 * Who sends a request. A write key always belongs to an application; the first admin key of a deployment belongs to
 * none.
 */
export type Identity =
  | { scope: "write"; application: string }
  | { scope: "read"; application: string /** What it sees; null: all. */; applications: readonly string[] | null }
  | { scope: "admin"; application: string | null };

/** 192 random bits: the promise is at least 128, and a length divisible by three needs no padding in base64. */
const RANDOM_BYTES = 24;

const PREFIXES = { write: "eye_w_", read: "eye_r_", admin: "eye_a_" } as const satisfies Record<Scope, string>;

/** `local` is the fixed ending of the keys of a developer's machine, which no deployment creates. */
const WELL_FORMED = /^eye_[wra]_(?:[A-Za-z0-9_-]{22,}|local)$/;

/** Whether a text could be a key at all. What could not is refused without a look-up. */
export function isWellFormedKey(text: string): boolean {
  return WELL_FORMED.test(text);
}

/** A new random key. It is shown once and never stored. */
export function generateKey(scope: Scope): string {
  const bytes = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES));
  const base64 = btoa(String.fromCharCode(...bytes));
  return PREFIXES[scope] + base64.replaceAll("+", "-").replaceAll("/", "_");
}

/** SHA-256 in hex. A key has too many random bits to be guessed from it, so it needs neither salt nor a slow hash. */
export async function hashKey(key: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The last four characters, by which a person tells keys apart. */
export function hintOf(key: string): string {
  return key.slice(-4);
}

/** Whether a key of scope `held` may do what asks for `needed`. Only a write key names the application it sends for. */
export function permits(held: Scope, needed: Scope): boolean {
  return held === needed || (held === "admin" && needed === "read");
}
