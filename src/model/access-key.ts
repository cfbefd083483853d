import * as v from "valibot";
import { ApplicationNameSchema } from "./event/event";
import { OriginsSchema } from "./origin";

/** What a key is: in the registry (D1), and as it is published for the edge (KV). A key itself is stored nowhere. */

export const SCOPES = ["write", "read", "admin"] as const;

export const ScopeSchema = v.pipe(
  v.picklist(SCOPES, `expected one of ${SCOPES.join(", ")}`),
  v.description("What the key allows: sending events, asking, or administration (which includes asking)."),
);

export type Scope = v.InferOutput<typeof ScopeSchema>;

/** Applications that one read key may be bound to. A list of errors reads once for each. */
export const MAX_BOUND_APPLICATIONS = 20;

export const BoundApplicationsSchema = v.pipe(
  v.array(ApplicationNameSchema),
  v.minLength(1, "expected at least one application; null reads all"),
  v.maxLength(MAX_BOUND_APPLICATIONS, `expected at most ${MAX_BOUND_APPLICATIONS} applications`),
  v.description("The applications that a read key sees; null: all of them."),
);

/** What KV holds under `key:<SHA-256 in hex>`: what a live key allows. Its absence is what makes a key invalid. */
export const KeyRecordSchema = v.object({
  v: v.literal(1),
  application: ApplicationNameSchema,
  /** Names the key in administration; tells nothing about it. */
  id: v.string(),
  scope: ScopeSchema,
  origins: v.optional(OriginsSchema),
  applications: v.optional(BoundApplicationsSchema),
});

export type KeyRecord = v.InferOutput<typeof KeyRecordSchema>;

const KEY_PREFIX = "key:";

/** The name of a key's entry in KV. */
export function keyEntry(hash: string): string {
  return KEY_PREFIX + hash;
}

/** The hash in the name of an entry, or null if it is no key's. */
export function hashOfEntry(entry: string): string | null {
  return entry.startsWith(KEY_PREFIX) ? entry.slice(KEY_PREFIX.length) : null;
}
