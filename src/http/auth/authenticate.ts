import type { MiddlewareHandler } from "hono";
import * as v from "valibot";
import type { Config } from "../../model/config";
import { type KeyRecord, KeyRecordSchema, keyEntry, type Scope } from "../../model/keys/access-key";
import { isListedOrigin } from "../../model/keys/origin";
import type { AppEnv } from "../app-env";
import { logFailure } from "../log";
import { Refusal } from "../problem";
import { CHALLENGE, findKey } from "./credentials";
import { KeyCache } from "./key-cache";
import { hashKey, type Identity, isWellFormedKey, permits } from "./keys";

/**
 * KV's shortest cache time. A revoked key stays valid for at most this, plus the isolate's cache and KV's propagation.
 */
export const KV_CACHE_SECONDS = 30;

/** The isolate's cache. */
export const isolateKeyCache = new KeyCache();

export interface AuthenticationSources {
  keys: KVNamespace;
  config: Config;
  cache: KeyCache;
}

/** A valid key: its identity, and the origins from which it may be used. */
export interface Recognised {
  identity: Identity;
  origins: readonly string[] | null;
}

/**
 * Identifies the sender of a request and checks the key's scope.
 *
 * @returns the identity, or the refusal: `unauthorized` without a valid key, `forbidden` if the key's scope or the
 *   request's origin is not allowed, `unavailable` while KV cannot be read
 */
export async function authenticate(
  request: Request,
  needed: Scope,
  sources: AuthenticationSources,
): Promise<Identity | Refusal> {
  const recognised = await recognise(request, sources);
  if (recognised instanceof Refusal) return recognised;
  return refuseUse(recognised, needed, request) ?? recognised.identity;
}

/** `heedsBinding`: the handler shows a bound key only its own applications; see visible-applications.ts. */
export interface ScopeOptions {
  heedsBinding?: boolean;
}

/**
 * Admits a request whose key has the scope, and sets `c.var.identity`. A key that is bound to applications passes only
 * if the handler supports that, so a new route is closed to such keys by default.
 */
export function requireScope(scope: Scope, { heedsBinding = false }: ScopeOptions = {}): MiddlewareHandler<AppEnv> {
  return async function authenticated(c, next) {
    const sources = { keys: c.env.KEYS, config: c.var.config, cache: isolateKeyCache };
    const recognised = await recognise(c.req.raw, sources);
    if (recognised instanceof Refusal) return recognised.response();
    // Set before a refusal, so that the log can name the application.
    c.set("identity", recognised.identity);
    const refusal = refuseUse(recognised, scope, c.req.raw) ?? (heedsBinding ? null : refuseBound(recognised));
    if (refusal !== null) return refusal.response();
    await next();
  };
}

/** Identifies the key of a request, whatever its scope. */
export async function recognise(request: Request, sources: AuthenticationSources): Promise<Recognised | Refusal> {
  const key = findKey(request);
  return key instanceof Refusal ? key : recogniseKey(key, sources);
}

/** Identifies a key, whatever its scope. Null: the request has none. */
export async function recogniseKey(
  key: string | null,
  { keys, config, cache }: AuthenticationSources,
): Promise<Recognised | Refusal> {
  if (key === null) return unauthorized("The request has no key.");
  if (!isWellFormedKey(key)) return unauthorized("The request's key does not have the form of a key.");
  if (config.adminKey !== null && key.startsWith("eye_a_") && (await equalKeys(key, config.adminKey))) {
    return { identity: { scope: "admin", application: null }, origins: null };
  }
  let record = cache.get(key);
  if (record === undefined) {
    const found = await lookUp(key, keys);
    if (found instanceof Refusal) return found;
    record = found;
    cache.set(key, record, config.keyCacheMs);
  }
  if (record === null) return unauthorized("The key is unknown: it is mistyped, revoked, or from another deployment.");
  return { identity: identityOf(record), origins: record.origins ?? null };
}

/** Refuses a key without the needed scope, or a request from an origin that the key does not allow; otherwise null. */
export function refuseUse({ identity, origins }: Recognised, needed: Scope, request: Request): Refusal | null {
  if (!permits(identity.scope, needed)) {
    const detail = `This requires a key with scope ${needed}; the key's scope is ${identity.scope}.`;
    return new Refusal("forbidden", detail, { scope: needed });
  }
  if (identity.scope !== "write" || origins === null) return null;
  const origin = request.headers.get("Origin");
  if (origin === null) return new Refusal("forbidden", "The key is bound to origins, and the request has no `Origin`.");
  return isListedOrigin(origin, origins)
    ? null
    : new Refusal("forbidden", "The request's `Origin` is not on the key's list.");
}

function refuseBound({ identity }: Recognised): Refusal | null {
  if (identity.scope !== "read" || identity.applications === null) return null;
  return new Refusal("forbidden", "The key is bound to applications, and this route answers only for all of them.");
}

function identityOf({ scope, application, applications }: KeyRecord): Identity {
  return scope === "read" ? { scope, application, applications: applications ?? null } : { scope, application };
}

async function lookUp(key: string, keys: KVNamespace): Promise<KeyRecord | null | Refusal> {
  try {
    const found: unknown = await keys.get(keyEntry(await hashKey(key)), { type: "json", cacheTtl: KV_CACHE_SECONDS });
    // A record that this version cannot read is a fault of the service. A 401 would make clients drop their events.
    return found === null ? null : v.parse(KeyRecordSchema, found);
  } catch (error) {
    logFailure("key_lookup_failed", error);
    return new Refusal("unavailable", "The key cannot be checked at the moment.");
  }
}

/** Compares in constant time. Hashing first gives both the same length, which timingSafeEqual requires. */
async function equalKeys(a: string, b: string): Promise<boolean> {
  const encoder = new TextEncoder();
  const [left, right] = await Promise.all([
    crypto.subtle.digest("SHA-256", encoder.encode(a)),
    crypto.subtle.digest("SHA-256", encoder.encode(b)),
  ]);
  return crypto.subtle.timingSafeEqual(left, right);
}

function unauthorized(detail: string): Refusal {
  return new Refusal("unauthorized", detail, {}, CHALLENGE);
}
