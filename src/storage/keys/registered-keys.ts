import * as v from "valibot";
import { BoundApplicationsSchema, type Scope, ScopeSchema } from "../../model/keys/access-key";
import { OriginsSchema } from "../../model/keys/origin";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";

/** A key in the registry. */
export interface RegisteredKey {
  id: string;
  application: string;
  scope: Scope;
  hash: string;
  hint: string;
  createdAt: Micros;
  /** The origins from which a write key may send. Null allows any origin. */
  origins: readonly string[] | null;
  /** The applications that a read key may read; null for all. */
  applications: readonly string[] | null;
  /** Increases with each change. */
  revision: number;
}

/** A row of `application_keys`, as D1 returns it. */
export interface KeyRow {
  id: string;
  application: string;
  scope: string;
  hash: string;
  hint: string;
  created_at: number;
  origins: string | null;
  applications: string | null;
  revision: number;
}

export function toKey({ scope, created_at: createdAt, origins, applications, ...row }: KeyRow): RegisteredKey {
  return {
    ...row,
    createdAt,
    scope: v.parse(ScopeSchema, scope),
    origins: readList(OriginsSchema, origins),
    applications: readList(BoundApplicationsSchema, applications),
  };
}

export function readList<const Schema extends v.GenericSchema<string[]>>(
  schema: Schema,
  text: string | null,
): v.InferOutput<Schema> | null {
  return text === null ? null : v.parse(schema, JSON.parse(text));
}

/** The registered keys with the given hashes, from the primary. */
export async function keysOfHashes(
  { binding }: Database,
  hashes: readonly string[],
): Promise<Map<string, RegisteredKey>> {
  const { results } = await binding
    .prepare("SELECT * FROM application_keys WHERE hash IN (SELECT value FROM json_each(?1))")
    .bind(JSON.stringify(hashes))
    .all<KeyRow>();
  return new Map(results.map((row) => [row.hash, toKey(row)]));
}

/** The hash and the revision of every key, from the primary. */
export async function listRevisions({ binding }: Database): Promise<Map<string, number>> {
  const { results } = await binding
    .prepare("SELECT hash, revision FROM application_keys")
    .all<{ hash: string; revision: number }>();
  return new Map(results.map(({ hash, revision }) => [hash, revision]));
}
