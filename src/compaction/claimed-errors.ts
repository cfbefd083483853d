import type { Micros } from "../model/time/time";
import { runningAmong } from "../storage/admin/replays";
import type { ArchivedError } from "../storage/archive/file/archived-rows";
import type { Database } from "../storage/core/databases";
import { ARCHIVE_CLAIM } from "../storage/write/resolve-errors";

/** Finds, claims and reads the errors that the compactor moves to the archive. All functions here throw what D1 throws. */

/** The most errors of one step, and the most characters of their contents: a step holds them in memory. */
const MAX_ERRORS = 5_000;
const MAX_CHARACTERS = 6_000_000;

export interface Receipts {
  from: Micros;
  /** Exclusive. */
  until: Micros;
}

/** True if the content is complete. The pieces of a large event are delivered separately, and some may be missing. */
const IS_WHOLE = "(parts = 0 OR parts = (SELECT count(*) FROM error_parts AS p WHERE p.id = errors.id))";

/** ?1: a JSON list of finished replays, whose claims no longer count. */
const IS_FREE = `(claimed_by IS NULL OR claimed_by = '${ARCHIVE_CLAIM}' OR claimed_by IN (SELECT value FROM json_each(?1)))`;

/** When the oldest error that is due was received; null if none is. */
export async function nextErrorToArchive(first: Database, database: Database, before: Micros): Promise<Micros | null> {
  const finished = await finishedHolders(first, database, { from: 0, until: before });
  return database.binding
    .prepare(
      `SELECT received_at FROM errors WHERE received_at < ?2 AND ${IS_FREE} AND ${IS_WHOLE}
       ORDER BY received_at, id LIMIT 1`,
    )
    .bind(JSON.stringify(finished), before)
    .first<Micros>("received_at");
}

/**
 * The finished replays that claim errors of a range. Claims are read before the states of replays, so a replay that starts
 * meanwhile is not among them.
 */
async function finishedHolders(first: Database, { binding }: Database, { from, until }: Receipts): Promise<string[]> {
  const { results } = await binding
    .prepare(
      `SELECT DISTINCT claimed_by AS holder FROM errors
       WHERE received_at >= ?1 AND received_at < ?2 AND claimed_by IS NOT NULL AND claimed_by <> '${ARCHIVE_CLAIM}'`,
    )
    .bind(from, until)
    .all<{ holder: string }>();
  const holders = results.map(({ holder }) => holder);
  const running = await runningAmong(first, holders);
  return holders.filter((holder) => !running.has(holder));
}

/** Claims the oldest errors of a range, as many as one step moves. Replays do not take claimed errors. */
export async function claimForArchive(first: Database, database: Database, range: Receipts): Promise<void> {
  const finished = await finishedHolders(first, database, range);
  const size =
    "iif(parts = 0, length(content), (SELECT sum(length(p.content)) FROM error_parts AS p WHERE p.id = errors.id))";
  await database.binding
    .prepare(
      `UPDATE errors SET claimed_by = '${ARCHIVE_CLAIM}' WHERE (received_at, id) IN (
         SELECT received_at, id FROM (
           SELECT received_at, id, sum(size) OVER (ORDER BY received_at, id ROWS UNBOUNDED PRECEDING) - size AS before
           FROM (
             SELECT received_at, id, ${size} AS size FROM errors
             WHERE received_at >= ?2 AND received_at < ?3 AND ${IS_FREE} AND ${IS_WHOLE}
             ORDER BY received_at, id LIMIT ${MAX_ERRORS}
           )
         ) WHERE before < ${MAX_CHARACTERS}
       ) AND claimed_by IS NOT '${ARCHIVE_CLAIM}'`,
    )
    .bind(JSON.stringify(finished), range.from, range.until)
    .run();
}

/** The claimed errors of a range with their complete contents, in the order of receipt. */
export async function readClaimed({ binding }: Database, { from, until }: Receipts): Promise<ArchivedError[]> {
  const { results } = await binding
    .prepare(
      `SELECT * FROM (
         SELECT id, received_at AS receivedAt, application, session_id AS session, category, name, event_id AS eventId, issues,
           iif(parts = 0, content, (
             SELECT group_concat(content, '') FROM (SELECT content FROM error_parts AS p WHERE p.id = errors.id ORDER BY part)
           )) AS content,
           parts, resolved_at AS resolvedAt, resolved_session AS resolvedSession, resolved_event_id AS resolvedEventId,
           resolved_occurred_at AS resolvedOccurredAt, replayed_at AS replayedAt, replay_id AS replayId
         FROM errors WHERE received_at >= ?1 AND received_at < ?2 AND claimed_by = '${ARCHIVE_CLAIM}'
         ORDER BY received_at, id LIMIT ${MAX_ERRORS}
       )`,
    )
    .bind(from, until)
    .all<ArchivedError>();
  return results;
}
