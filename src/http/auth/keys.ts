import type { Scope } from "../../model/keys/access-key";

/**
 * The sender of a request. A write key always belongs to an application; the first admin key of a deployment belongs to
 * none.
 */
export type Identity =
  | { scope: "write"; application: string }
  | {
      scope: "read";
      application: string;
      /** The applications that it sees. Null: all. */
      applications: readonly string[] | null;
    }
  | { scope: "admin"; application: string | null };

/** 192 random bits. At least 128 are promised, and a length divisible by three needs no base64 padding. */
const RANDOM_BYTES = 24;

const PREFIXES = { write: "eye_w_", read: "eye_r_", admin: "eye_a_" } as const satisfies Record<Scope, string>;

/** `local` is the fixed ending of the keys on a developer's machine. No deployment creates such keys. */
const WELL_FORMED = /^eye_[wra]_(?:[A-Za-z0-9_-]{22,}|local)$/;

/** Whether a text has the form of a key. Other texts are refused without a look-up. */
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

/** The last four characters, so that a person can distinguish keys. */
export function hintOf(key: string): string {
  return key.slice(-4);
}

/**
 * Whether a key with scope `held` may be used where `needed` is required. An admin key cannot send events, since only a
 * write key names its application.
 */
export function permits(held: Scope, needed: Scope): boolean {
  return held === needed || (held === "admin" && needed === "read");
}
