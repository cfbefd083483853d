import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { type FreshKey, loadApplication, unknownApplications } from "./applications";
import { type KeyRow, type RegisteredKey, toKey } from "./registered-keys";

/**
 * The most keys of one kind (the scope, and for read keys their applications). The old key works until the new one
 * is published everywhere.
 */
export const MAX_LIVE_KEYS_OF_A_KIND = 2;

/** Read keys for different applications are different kinds, so the total needs a limit too. */
export const MAX_KEYS_OF_AN_APPLICATION = 100;

export interface Rotation extends FreshKey {
  application: string;
  createdAt: Micros;
  /** For a write key; undefined keeps the application's origins. They also apply to its next write keys. */
  origins: readonly string[] | null | undefined;
  /** For a read key; undefined keeps those of the newest read key. */
  applications: readonly string[] | null | undefined;
}

export type Rotated =
  | { kind: "made"; key: RegisteredKey; replaced: RegisteredKey[] }
  | { kind: "no application" }
  | { kind: "unknown applications"; names: string[] }
  | { kind: "full" };

/**
 * Creates a key, and deletes the oldest of its kind if there are MAX_LIVE_KEYS_OF_A_KIND already. One transaction,
 * so concurrent rotations never leave more.
 *
 * @throws what D1 throws
 */
export async function rotateKey(database: Database, rotation: Rotation): Promise<Rotated> {
  const { binding } = database;
  const { id, application, scope, createdAt, hash, hint, origins, applications } = rotation;
  const bound = applications === undefined || applications === null ? [] : [...new Set(applications)].sort();
  const [inserted, , replaced] = await binding.batch<KeyRow>([
    binding
      .prepare(
        `INSERT INTO application_keys (id, application, scope, hash, hint, created_at, origins, applications, revision)
         SELECT ?1, name, ?3, ?4, ?5, ?6,
           iif(?3 <> 'write', NULL, iif(?7 = 1, ?8, origins)),
           iif(?3 <> 'read', NULL, iif(?9 = 1, nullif(?10, '[]'), (
             SELECT k.applications FROM application_keys AS k WHERE k.application = ?2 AND k.scope = 'read'
             ORDER BY k.sequence DESC LIMIT 1))),
           1
         FROM applications
         WHERE name = ?2
           AND NOT EXISTS (SELECT 1 FROM json_each(?10) WHERE value NOT IN (SELECT name FROM applications))
           AND (SELECT count(*) FROM application_keys AS k WHERE k.application = ?2) < ?11
         RETURNING *`,
      )
      .bind(
        ...[id, application, scope, hash, hint, createdAt],
        ...[Number(origins !== undefined), origins === undefined || origins === null ? null : JSON.stringify(origins)],
        ...[Number(applications !== undefined), JSON.stringify(bound), MAX_KEYS_OF_AN_APPLICATION],
      ),
    binding
      .prepare(
        `UPDATE applications SET origins = (SELECT k.origins FROM application_keys AS k WHERE k.id = ?2)
         WHERE name = ?1 AND EXISTS (SELECT 1 FROM application_keys AS k WHERE k.id = ?2 AND k.scope = 'write')`,
      )
      .bind(application, id),
    binding
      .prepare(
        `WITH fresh AS (SELECT * FROM application_keys WHERE id = ?1),
           older AS (
             SELECT k.sequence AS sequence FROM fresh CROSS JOIN application_keys AS k
             WHERE k.application = fresh.application AND k.scope = fresh.scope AND k.id <> fresh.id
               AND k.applications IS fresh.applications
             ORDER BY k.sequence DESC LIMIT -1 OFFSET ?2
           )
         DELETE FROM application_keys WHERE sequence IN (SELECT sequence FROM older) RETURNING *`,
      )
      .bind(id, MAX_LIVE_KEYS_OF_A_KIND - 1),
  ]);
  const [made] = inserted?.results ?? [];
  if (made !== undefined) return { kind: "made", key: toKey(made), replaced: (replaced?.results ?? []).map(toKey) };
  if ((await loadApplication(database, application)) === null) return { kind: "no application" };
  const names = await unknownApplications(database, bound);
  return names.length > 0 ? { kind: "unknown applications", names } : { kind: "full" };
}

/** @returns the deleted key, or null if the application has no key with this id */
export async function deleteKey({ binding }: Database, application: string, id: string): Promise<RegisteredKey | null> {
  const row = await binding
    .prepare("DELETE FROM application_keys WHERE application = ?1 AND id = ?2 RETURNING *")
    .bind(application, id)
    .first<KeyRow>();
  return row === null ? null : toKey(row);
}
