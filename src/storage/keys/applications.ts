import { OriginsSchema } from "../../model/keys/origin";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { MAX_PAGE_CONTENT } from "../core/read-limits";
import { cutByBytes, type Page } from "../scan/partial-page";
import { type KeyRow, type RegisteredKey, readList, toKey } from "./registered-keys";

/**
 * The registry of applications, in the first database. It is the source of truth; published-keys.ts publishes it to
 * the edge. Every change is one transaction, so concurrent administrators are safe. All functions here throw what D1
 * throws.
 */
export interface Application {
  name: string;
  createdAt: Micros;
  /** The origins allowed to its next write key, unless the request gives others. Null allows any origin. */
  origins: readonly string[] | null;
  /** In the order of creation. */
  keys: RegisteredKey[];
}

interface ApplicationRow {
  name: string;
  created_at: number;
  origins: string | null;
}

/** A key to be created. */
export type FreshKey = Pick<RegisteredKey, "id" | "scope" | "hash" | "hint">;

/** @returns false if the name is taken */
export async function insertApplication(
  { binding }: Database,
  application: Pick<Application, "name" | "createdAt" | "origins">,
  keys: readonly FreshKey[],
): Promise<boolean> {
  const { name, createdAt } = application;
  const origins = textOf(application.origins);
  const [, inserted] = await binding.batch([
    binding
      .prepare(
        `INSERT INTO application_keys (id, application, scope, hash, hint, created_at, origins, revision)
         SELECT value ->> 0, ?1, value ->> 1, value ->> 2, value ->> 3, ?2, iif(value ->> 1 = 'write', ?3, NULL), 1
         FROM json_each(?4) WHERE NOT EXISTS (SELECT 1 FROM applications WHERE name = ?1) ORDER BY key`,
      )
      .bind(name, createdAt, origins, JSON.stringify(keys.map(({ id, scope, hash, hint }) => [id, scope, hash, hint]))),
    binding
      .prepare("INSERT INTO applications (name, created_at, origins) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
      .bind(name, createdAt, origins),
  ]);
  return (inserted?.meta.changes ?? 0) > 0;
}

export async function loadApplication({ binding }: Database, name: string): Promise<Application | null> {
  const [found, keys] = await binding.batch<ApplicationRow | KeyRow>([
    binding.prepare("SELECT name, created_at, origins FROM applications WHERE name = ?1").bind(name),
    binding.prepare("SELECT * FROM application_keys WHERE application = ?1 ORDER BY sequence").bind(name),
  ]);
  const [application] = (found?.results ?? []).filter(isApplication);
  return application === undefined ? null : toApplication(application, (keys?.results ?? []).filter(isKey));
}

/** A page of applications by name. It ends early if its contents pass MAX_PAGE_CONTENT. */
export async function listApplications(
  { binding }: Database,
  { limit, after }: { limit: number; after: string | null },
): Promise<Page<Application, string>> {
  const { results } = await binding
    .prepare(
      `SELECT name, created_at, origins, coalesce(length(origins), 0) + (
         SELECT total(200 + coalesce(length(k.origins), 0) + coalesce(length(k.applications), 0))
         FROM application_keys AS k WHERE k.application = applications.name
       ) AS size
       FROM applications WHERE name > ?1 ORDER BY name LIMIT ?2`,
    )
    .bind(after ?? "", limit + 1)
    .all<ApplicationRow & { size: number }>();
  const found = results.slice(0, limit).map((row) => ({ ...row, key: row.name }));
  const whole = { rows: found, next: results.length > limit ? (found.at(-1)?.key ?? null) : null };
  const { rows, next } = cutByBytes(whole, ({ size }) => size, MAX_PAGE_CONTENT);
  const keys = await binding
    .prepare(`SELECT * FROM application_keys WHERE application IN (SELECT value FROM json_each(?1)) ORDER BY sequence`)
    .bind(JSON.stringify(rows.map(({ name }) => name)))
    .all<KeyRow>();
  const byApplication = Map.groupBy(keys.results, ({ application }) => application);
  return { rows: rows.map((row) => toApplication(row, byApplication.get(row.name) ?? [])), next };
}

/**
 * Sets the origins of an application's write keys, both existing and future ones.
 *
 * @returns its write keys, or null if the application does not exist
 */
export async function changeOrigins(
  { binding }: Database,
  name: string,
  origins: readonly string[] | null,
): Promise<RegisteredKey[] | null> {
  const [changed, keys] = await binding.batch<KeyRow>([
    binding.prepare("UPDATE applications SET origins = ?2 WHERE name = ?1").bind(name, textOf(origins)),
    binding
      .prepare(
        `UPDATE application_keys SET origins = ?2, revision = revision + 1
         WHERE application = ?1 AND scope = 'write' RETURNING *`,
      )
      .bind(name, textOf(origins)),
  ]);
  return (changed?.meta.changes ?? 0) > 0 ? (keys?.results ?? []).map(toKey) : null;
}

/** @returns the keys that were deleted with the application, or null if it does not exist */
export async function deleteApplication({ binding }: Database, name: string): Promise<RegisteredKey[] | null> {
  const [keys, deleted] = await binding.batch<KeyRow>([
    binding.prepare("DELETE FROM application_keys WHERE application = ?1 RETURNING *").bind(name),
    binding.prepare("DELETE FROM applications WHERE name = ?1").bind(name),
  ]);
  return (deleted?.meta.changes ?? 0) > 0 ? (keys?.results ?? []).map(toKey) : null;
}

/** The given names that belong to no application. */
export async function unknownApplications({ binding }: Database, names: readonly string[]): Promise<string[]> {
  const { results } = await binding
    .prepare("SELECT value AS name FROM json_each(?1) WHERE value NOT IN (SELECT name FROM applications)")
    .bind(JSON.stringify(names))
    .all<{ name: string }>();
  return results.map(({ name }) => name);
}

function toApplication({ name, created_at: createdAt, origins }: ApplicationRow, keys: KeyRow[]): Application {
  return { name, createdAt, origins: readList(OriginsSchema, origins), keys: keys.map(toKey) };
}

function isApplication(row: ApplicationRow | KeyRow): row is ApplicationRow {
  return !("hash" in row);
}

function isKey(row: ApplicationRow | KeyRow): row is KeyRow {
  return "hash" in row;
}

function textOf(list: readonly string[] | null): string | null {
  return list === null ? null : JSON.stringify(list);
}
