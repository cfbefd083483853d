import * as v from "valibot";
import { ApplicationNameSchema } from "../../model/event/event";

/**
 * The keys of applications, and how KV (binding `KEYS`) holds them. A key itself is stored nowhere.
 *
 * | KV key                | value                                                                             |
 * |-----------------------|-----------------------------------------------------------------------------------|
 * | `key:<sha256 in hex>` | `KeyRecord`: what a live key allows. Its absence is what makes a key invalid.     |
 * | `application:<name>`  | `ApplicationRecord`: the application with the list of its keys, for administration |
 *
 * The application's record may list a key whose entry is missing (a crash between two writes), never the reverse: a live
 * key can always be seen and revoked.
 */

export const SCOPES = ["write", "read", "admin"] as const;

export const ScopeSchema = v.pipe(
  v.picklist(SCOPES, `expected one of ${SCOPES.join(", ")}`),
  v.description("What the key allows: sending events, asking, or administration (which includes asking)."),
);

export type Scope = v.InferOutput<typeof ScopeSchema>;

/**
 * Who sends a request. A write key always belongs to an application; the first admin key of a deployment belongs to
 * none.
 */
export type Identity =
  | { scope: "write" | "read"; application: string }
  | { scope: "admin"; application: string | null };

/** An origin as browsers send it (RFC 6454): scheme, host and any unusual port; no path, no slash at the end. */
export const OriginSchema = v.pipe(
  v.string(),
  v.check(isOrigin, "expected an origin such as https://www.example.com, in lower case and without a path"),
  v.description("An origin as browsers send it: `https://www.example.com`."),
);

export const OriginsSchema = v.pipe(
  v.array(OriginSchema),
  v.minLength(1, "expected at least one origin; leave the list out to accept every origin"),
  v.maxLength(100, "expected at most 100 origins"),
  v.description("The origins from which a write key is accepted. Without it, every origin and none."),
);

const shared = {
  /** Names the key in administration; tells nothing about it. */
  id: v.string(),
  scope: ScopeSchema,
  created_at: v.string(),
  origins: v.optional(OriginsSchema),
};

export const KeyRecordSchema = v.object({ v: v.literal(1), application: ApplicationNameSchema, ...shared });

export type KeyRecord = v.InferOutput<typeof KeyRecordSchema>;

export const ListedKeySchema = v.object({ ...shared, hash: v.string(), hint: v.string() });

export type ListedKey = v.InferOutput<typeof ListedKeySchema>;

export const ApplicationRecordSchema = v.object({
  v: v.literal(1),
  name: ApplicationNameSchema,
  created_at: v.string(),
  keys: v.array(ListedKeySchema),
});

export type ApplicationRecord = v.InferOutput<typeof ApplicationRecordSchema>;

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

export function keyEntry(hash: string): string {
  return `key:${hash}`;
}

export const APPLICATION_PREFIX = "application:";

export function applicationEntry(name: string): string {
  return APPLICATION_PREFIX + name;
}

/** Whether a key of scope `held` may do what asks for `needed`. Only a write key names the application it sends for. */
export function permits(held: Scope, needed: Scope): boolean {
  return held === needed || (held === "admin" && needed === "read");
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}
