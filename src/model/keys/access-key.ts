import * as v from "valibot";
import { ApplicationNameSchema } from "../event/event";
import { OriginsSchema } from "./origin";

/** A key as the registry (D1) stores it and as it is published for the edge (KV). The key itself is stored nowhere. */

export const SCOPES = ["write", "read", "admin"] as const;

export const ScopeSchema = v.pipe(
  v.picklist(SCOPES, `expected one of ${SCOPES.join(", ")}`),
  v.description(
    "What the key allows: `write` sends events, `read` queries them, `admin` also administers the service.",
  ),
);

export type Scope = v.InferOutput<typeof ScopeSchema>;

/** Applications that one read key may be bound to. Listing errors takes one query for each. */
export const MAX_BOUND_APPLICATIONS = 20;

export const BoundApplicationsSchema = v.pipe(
  v.array(ApplicationNameSchema),
  v.minLength(1, "expected at least one application; null reads all"),
  v.maxLength(MAX_BOUND_APPLICATIONS, `expected at most ${MAX_BOUND_APPLICATIONS} applications`),
  v.description("The applications that a read key sees. Null: all applications."),
);

/** The entry in KV under `key:<SHA-256 in hex>`, with what the key allows. A key without an entry is invalid. */
export const KeyRecordSchema = v.object({
  v: v.literal(1),
  application: ApplicationNameSchema,
  /** Names the key in the admin API. It reveals nothing about the key itself. */
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

/** The hash in an entry's name, or null if the entry is not a key's. */
export function hashOfEntry(entry: string): string | null {
  return entry.startsWith(KEY_PREFIX) ? entry.slice(KEY_PREFIX.length) : null;
}
