import type { Database } from "../core/databases";
import type { ErrorKey } from "../errors/error-key";
import type { Belonging } from "./erasure-source";

/** Errors that one query examines, and one transaction may erase. */
const ERRORS_PER_SCAN = 100;

/** ?1 and ?2: where the scan continues. Of content that is no JSON, the visitor is not known. */
const NEXT = `
SELECT received_at AS "receivedAt", id, session_id AS session, resolved_session AS "resolvedSession",
  iif(json_valid(text), text ->> '$.visitor_id', NULL) AS visitor
FROM (
  SELECT received_at, id, session_id, resolved_session, iif(parts = 0, content, (
    SELECT group_concat(content, '') FROM (SELECT content FROM error_parts AS p WHERE p.id = errors.id ORDER BY part)
  )) AS text
  FROM errors WHERE (received_at, id) > (?1, ?2) ORDER BY received_at, id LIMIT ${ERRORS_PER_SCAN}
)`;

interface Row extends ErrorKey {
  session: string | null;
  resolvedSession: string | null;
  visitor: string | number | null;
}

/** An error, with what it belongs to: an erasure of any of these erases it. */
export interface PlacedError {
  key: ErrorKey;
  belongings: Belonging[];
}

/**
 * The next errors of a database, in the order of receipt.
 *
 * @returns `next`: the place after the last one; null if there are no more
 * @throws what D1 throws
 */
export async function nextErrors(
  { binding }: Database,
  after: ErrorKey | null,
): Promise<{ found: PlacedError[]; next: ErrorKey | null }> {
  const { results } = await binding
    .prepare(NEXT)
    .bind(after?.receivedAt ?? -1, after?.id ?? "")
    .all<Row>();
  const last = results.at(-1);
  const next = results.length < ERRORS_PER_SCAN || last === undefined ? null : keyOf(last);
  return { found: results.map((row) => ({ key: keyOf(row), belongings: belongingsOf(row) })), next };
}

function keyOf({ receivedAt, id }: ErrorKey): ErrorKey {
  return { receivedAt, id };
}

function belongingsOf({ receivedAt, id, session, resolvedSession, visitor }: Row): Belonging[] {
  const own: Belonging = { session, visitor: visitor === null ? null : String(visitor), error: id, receivedAt };
  if (resolvedSession === null) return [own];
  return [own, { session: resolvedSession, visitor: null, error: null, receivedAt }];
}
