import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { AWAITS_COPIES } from "./awaiting-erasures";
import { fillerSql } from "./filler";
import { outsideChange } from "./restore-marks";
import type { ErasureKind, Subject } from "./subject";
import type { RunningErasure, Tombstone } from "./tombstone-vault";

export interface ErasedCounts {
  sessions: number;
  events: number;
  errors: number;
}

/** An erasure in the first database. */
export interface Erasure extends ErasedCounts {
  id: string;
  kind: ErasureKind;
  /** Null once it is done. For `restore`: the indexes of the restored databases, as JSON. */
  subject: string | null;
  /** Everything received before this time is erased. It is the time of the request. */
  before: Micros;
  requestedBy: string | null;
  updatedAt: Micros;
  status: "running" | "done";
  /** The number of counted steps. */
  step: number;
  /** Where the next step starts, as JSON; null at the beginning. */
  state: string | null;
  /** Since when the next step has failed; null if it has not. */
  waitingSince: Micros | null;
  /** The name of the archive object that the step could not find; null if it failed for another reason. */
  missingObject: string | null;
  /** 1: it is done only when no copies may remain in the pages of partitions. */
  thorough: 0 | 1;
}

/** All functions here throw what D1 throws. */
const COLUMNS = `id, kind, subject, before_at AS "before", requested_by AS requestedBy, updated_at AS updatedAt, status, step,
  state, sessions, events, errors, waiting_since AS waitingSince, missing_object AS missingObject, thorough`;

/** The statements for tombstones, in the transaction that makes a new revision. ?1: JSON of hashes. */
function tombstoneStatements(binding: D1Database, hashes: readonly string[], before: Micros, erasure: string) {
  return [
    binding
      .prepare(
        `INSERT INTO tombstones (hash, before_at, erasure_id) SELECT value, ?2, ?3 FROM json_each(?1) WHERE true
         ON CONFLICT DO UPDATE SET before_at = max(before_at, excluded.before_at), erasure_id = excluded.erasure_id`,
      )
      .bind(JSON.stringify(hashes), before, erasure),
    binding.prepare("UPDATE revisions SET revision = revision + 1 WHERE name = 'erasures'"),
    binding.prepare("UPDATE revisions SET revision = max(revision, ?1) WHERE name = 'erased_before'").bind(before),
    outsideChange(binding),
  ];
}

const INTO_ERASURES =
  "INSERT INTO erasures (id, kind, subject, before_at, requested_by, updated_at, status, step, sessions, events, errors, thorough)";

/**
 * The statements that bring back a tombstone and its erasure. An erasure that was running is due at once; of one that
 * is done, the numbers are lost.
 */
export function importStatements(
  binding: D1Database,
  { erasure, kind, salt, hashes, before }: Tombstone,
  running: RunningErasure | null,
  now: Micros,
): D1PreparedStatement[] {
  return [
    binding.prepare("INSERT INTO erasure_salts (salt) VALUES (?1) ON CONFLICT DO NOTHING").bind(salt),
    binding
      .prepare(
        `${INTO_ERASURES}
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, iif(?3 IS NULL, 'done', 'running'), 0, 0, 0, 0, ?7) ON CONFLICT DO NOTHING`,
      )
      .bind(
        erasure,
        running?.kind ?? kind,
        running?.subject ?? null,
        before,
        running?.requestedBy ?? null,
        running === null ? now : 0,
        running?.thorough === true ? 1 : 0,
      ),
    ...tombstoneStatements(binding, hashes, before, erasure),
  ];
}

/** Records that databases were restored, unless such a record is running. @returns true if it was recorded */
export async function insertRestore(
  { binding }: Database,
  { id, databases, now }: { id: string; databases: readonly number[]; now: Micros },
): Promise<boolean> {
  const { meta } = await binding
    .prepare(
      `${INTO_ERASURES}
       SELECT ?1, 'restore', ?2, ?3, NULL, ?3, 'running', 0, 0, 0, 0, 0 WHERE NOT EXISTS (${RUNNING_RESTORE})`,
    )
    .bind(id, JSON.stringify(databases), now)
    .run();
  return meta.changes > 0;
}

const RUNNING_RESTORE = "SELECT 1 FROM erasures WHERE status = 'running' AND kind = 'restore'";

/** True while a restored database is being caught up with the erasures. */
export async function isRestoreRunning({ binding }: Database): Promise<boolean> {
  return (await binding.prepare(`${RUNNING_RESTORE} LIMIT 1`).first()) !== null;
}

/** Records an erasure with its tombstone. */
export async function insertErasure(
  { binding }: Database,
  { id, before, requestedBy, thorough }: Pick<Erasure, "id" | "before" | "requestedBy" | "thorough">,
  subject: Subject,
  hash: string,
): Promise<void> {
  await binding.batch([
    binding
      .prepare(
        `${INTO_ERASURES}
         VALUES (?1, ?2, ?3, ?4, ?5, ?4, 'running', 0, 0, 0, 0, ?6)`,
      )
      .bind(id, subject.kind, subject.id, before, requestedBy, thorough),
    ...tombstoneStatements(binding, [hash], before, id),
  ]);
}

export async function addTombstones(
  { binding }: Database,
  hashes: readonly string[],
  { id, before }: Pick<Erasure, "id" | "before">,
): Promise<void> {
  await binding.batch(tombstoneStatements(binding, hashes, before, id));
}

/** The salt of new hashes. Of two concurrent calls, both return the same salt. */
export async function saltOf({ binding }: Database, fresh: string): Promise<string> {
  const [, salts] = await binding.batch<{ salt: string }>([
    binding
      .prepare("INSERT INTO erasure_salts (salt) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM erasure_salts)")
      .bind(fresh),
    binding.prepare("SELECT salt FROM erasure_salts LIMIT 1"),
  ]);
  return salts?.results[0]?.salt ?? fresh;
}

export async function loadErasure({ binding }: Database, id: string): Promise<Erasure | null> {
  return binding.prepare(`SELECT ${COLUMNS} FROM erasures WHERE id = ?1`).bind(id).first<Erasure>();
}

/** The newest erasures, after the one at which the last page ended. */
export async function listErasures(
  { binding }: Database,
  { limit, after }: { limit: number; after: Pick<Erasure, "before" | "id"> | null },
): Promise<Erasure[]> {
  const { results } = await binding
    .prepare(
      `SELECT ${COLUMNS} FROM erasures WHERE (before_at, id) < (?1, ?2) ORDER BY before_at DESC, id DESC LIMIT ?3`,
    )
    .bind(after?.before ?? Number.MAX_SAFE_INTEGER, after?.id ?? "", limit)
    .all<Erasure>();
  return results;
}

/**
 * Running erasures of which no step was counted since the given time, or since another for those that wait until no copies
 * remain; those of a restore first.
 */
export async function stalledErasures(
  { binding }: Database,
  { since, copiesSince }: { since: Micros; copiesSince: Micros },
): Promise<Pick<Erasure, "id" | "step">[]> {
  const { results } = await binding
    .prepare(
      `SELECT id, step FROM erasures
       WHERE status = 'running' AND updated_at < iif(${AWAITS_COPIES}, ?2, ?1) ORDER BY kind <> 'restore' LIMIT 100`,
    )
    .bind(since, copiesSince)
    .all<Pick<Erasure, "id" | "step">>();
  return results;
}

/** Running erasures that wait for an object of the archive. */
export async function erasuresWaitingFor(
  { binding }: Database,
  object: string,
): Promise<Pick<Erasure, "id" | "step">[]> {
  const { results } = await binding
    .prepare("SELECT id, step FROM erasures WHERE status = 'running' AND missing_object = ?1 LIMIT 100")
    .bind(object)
    .all<Pick<Erasure, "id" | "step">>();
  return results;
}

/**
 * Counts a completed step and advances the erasure. After the last step, no record of the subject remains.
 *
 * @param state where the next step starts; null after the last one
 * @returns false if the step was counted before
 */
export async function countErasureStep(
  { binding }: Database,
  { id, step, state, now }: { id: string; step: number; state: string | null; now: Micros },
  { sessions, events, errors }: ErasedCounts,
): Promise<boolean> {
  const isDue = "id = ?1 AND step = ?2 AND status = 'running'";
  const statements = [
    binding
      .prepare(`UPDATE erasures SET subject = ${fillerSql("subject")}, state = ${fillerSql("state")}
        WHERE ${isDue} AND ?3 IS NULL`)
      .bind(id, step, state),
    binding
      .prepare(
        `UPDATE erasures SET step = step + 1, state = ?3, updated_at = ?4, status = iif(?3 IS NULL, 'done', 'running'),
           subject = iif(?3 IS NULL, NULL, subject), waiting_since = NULL, missing_object = NULL, sessions = sessions + ?5, events = events + ?6, errors = errors + ?7
         WHERE ${isDue}`,
      )
      .bind(id, step, state, now, sessions, events, errors),
  ];
  const [, counted] = await binding.batch(statements);
  return (counted?.meta.changes ?? 0) > 0;
}

/**
 * Records that a step of an erasure failed, so that the audit list shows it. The time is kept while the reason stays the
 * same. Changes nothing if the step was counted meanwhile.
 *
 * @param missingObject the name of the archive object that the step could not find; null for another reason
 */
export async function noteWaiting(
  { binding }: Database,
  { id, step, missingObject, now }: { id: string; step: number; missingObject: string | null; now: Micros },
): Promise<void> {
  await binding
    .prepare(
      `UPDATE erasures SET updated_at = ?4, missing_object = ?3,
         waiting_since = iif(waiting_since IS NULL OR missing_object IS NOT ?3, ?4, waiting_since)
       WHERE id = ?1 AND step = ?2 AND status = 'running'`,
    )
    .bind(id, step, missingObject, now)
    .run();
}
