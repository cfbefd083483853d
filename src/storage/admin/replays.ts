import { isVisible } from "../../model/keys/visibility";
import type { Repair } from "../../model/repair/repair";
import type { ReplaySelection } from "../../model/replay";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import type { ErrorKey } from "../errors/error-key";
import { type Page, pageWithin } from "../scan/partial-page";

export type ReplayStatus = "running" | "done" | "cancelled";

/** Where a replay's next step starts: after an error of the filter's list, or at a position in the list of ids. */
export type ReplayCursor = ErrorKey | number;

/** The work of a step. It is saved before the step starts, because the step changes what its filter selects. */
export interface StepPlan {
  ids: string[];
  /** Where the next step starts; null after the last. */
  next: ReplayCursor | null;
}

export interface ReplayCounts {
  matched: number;
  /** Events that are now stored. */
  stored: number;
  failing: number;
  /** Errors left unchanged: resolved before, claimed by another replay, or without anything to validate. */
  skipped: number;
}

export interface Replay extends ReplayCounts {
  id: string;
  createdAt: Micros;
  updatedAt: Micros;
  status: ReplayStatus;
  selection: ReplaySelection;
  repair: Repair | null;
  /** The number of counted steps. */
  step: number;
  cursor: ReplayCursor | null;
  plan: StepPlan | null;
}

/** Replays are in the first database. All functions here throw what D1 throws. */
export async function insertReplay(
  { binding }: Database,
  replay: Pick<Replay, "id" | "createdAt" | "selection" | "repair">,
): Promise<void> {
  await binding
    .prepare(
      `INSERT INTO replays
         (id, created_at, updated_at, status, application, selection, repair, step, matched, stored, failing, skipped)
       VALUES (?1, ?2, ?2, 'running', ?5, ?3, ?4, 0, 0, 0, 0, 0)`,
    )
    .bind(
      ...[replay.id, replay.createdAt, JSON.stringify(replay.selection), jsonOrNull(replay.repair)],
      applicationOf(replay),
    )
    .run();
}

/** Removes a replay of which no step was requested. */
export async function deleteReplay({ binding }: Database, id: string): Promise<void> {
  await binding.prepare("DELETE FROM replays WHERE id = ?1 AND step = 0 AND plan IS NULL").bind(id).run();
}

export async function loadReplay({ binding }: Database, id: string): Promise<Replay | null> {
  const row = await binding.prepare("SELECT * FROM replays WHERE id = ?1").bind(id).first<ReplayRow>();
  return row === null ? null : toReplay(row);
}

/** A replay's place in the list. */
export type ReplayPlace = Pick<Replay, "createdAt" | "id">;

export interface ReplayList {
  limit: number;
  after: ReplayPlace | null;
  /** Only replays whose filter names one of these applications; null for all. */
  applications: readonly string[] | null;
}

/**
 * A page of replays, newest first. It ends early if repairs and selections pass MAX_PAGE_CONTENT: a single one may
 * have 1 MB.
 */
export async function listReplays(
  { binding }: Database,
  { limit, after, applications }: ReplayList,
): Promise<Page<Replay, ReplayPlace>> {
  const { results } = await binding
    .prepare(
      `SELECT id, created_at AS createdAt, length(selection) + coalesce(length(repair), 0) AS size FROM replays
       WHERE (created_at, id) < (?1, ?2) ${applications === null ? "" : "AND application IN (SELECT value FROM json_each(?4))"}
       ORDER BY created_at DESC, id DESC LIMIT ?3`,
    )
    .bind(
      ...[after?.createdAt ?? Number.MAX_SAFE_INTEGER, after?.id ?? "", limit + 1],
      ...(applications === null ? [] : [JSON.stringify(applications)]),
    )
    .all<ReplayPlace & { size: number }>();
  const sizes = results.map(({ id, createdAt, size }) => ({ key: { id, createdAt }, size }));
  const { rows, next } = pageWithin(sizes, limit);
  const listed = await binding
    .prepare(`SELECT * FROM replays WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY created_at DESC, id DESC`)
    .bind(JSON.stringify(rows.map(({ key }) => key.id)))
    .all<ReplayRow>();
  return { rows: listed.results.map(toReplay), next };
}

/** Those of the given replays that are running, or that may still have a step running. */
export async function runningAmong({ binding }: Database, ids: string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const { results } = await binding
    .prepare(
      `SELECT id FROM replays
       WHERE (status = 'running' OR plan IS NOT NULL) AND id IN (SELECT value FROM json_each(?1))`,
    )
    .bind(JSON.stringify(ids))
    .all<{ id: string }>();
  return new Set(results.map(({ id }) => id));
}

/** Saves the plan of a step, unless there is one. */
export async function planStep({ binding }: Database, id: string, step: number, plan: StepPlan): Promise<void> {
  await binding
    .prepare("UPDATE replays SET plan = ?3 WHERE id = ?1 AND step = ?2 AND status = 'running' AND plan IS NULL")
    .bind(id, step, JSON.stringify(plan))
    .run();
}

/**
 * Counts a completed step and advances the replay. A step also counts if its replay was cancelled meanwhile.
 *
 * @returns false if the step was counted before
 */
export async function countStep(
  { binding }: Database,
  replay: { id: string; step: number; next: ReplayCursor | null; now: Micros },
  counts: ReplayCounts,
): Promise<boolean> {
  const { meta } = await binding
    .prepare(
      `UPDATE replays SET step = step + 1, plan = NULL, cursor = ?3, updated_at = ?4,
         status = iif(status = 'cancelled', status, iif(?3 IS NULL, 'done', 'running')), matched = matched + ?5, stored = stored + ?6,
         failing = failing + ?7, skipped = skipped + ?8
       WHERE id = ?1 AND step = ?2 AND status <> 'done'`,
    )
    .bind(
      replay.id,
      replay.step,
      jsonOrNull(replay.next),
      replay.now,
      counts.matched,
      counts.stored,
      counts.failing,
      counts.skipped,
    )
    .run();
  return meta.changes > 0;
}

/**
 * Cancels a replay. Stored events stay; a running step is finished and counted.
 *
 * @returns the replay's new state, `done` if it had ended; null if it does not exist
 */
export async function cancelReplay(database: Database, id: string, now: Micros): Promise<Replay | null> {
  await database.binding
    .prepare("UPDATE replays SET status = 'cancelled', updated_at = ?2 WHERE id = ?1 AND status = 'running'")
    .bind(id, now)
    .run();
  return loadReplay(database, id);
}

/**
 * Drops the plan of a cancelled replay's step that no consumer runs any more, so that other replays may have its
 * errors.
 */
export async function dropPlan({ binding }: Database, id: string): Promise<void> {
  await binding.prepare("UPDATE replays SET plan = NULL WHERE id = ?1 AND status = 'cancelled'").bind(id).run();
}

function applicationOf({ selection }: Pick<Replay, "selection">): string | null {
  return "filter" in selection ? selection.filter.application : null;
}

/** Returns whether a key limited to some applications may read a replay: its filter must name one of them. */
export function isReplayVisible(replay: Pick<Replay, "selection">, applications: readonly string[] | null): boolean {
  return isVisible(applicationOf(replay), applications);
}

interface ReplayRow extends ReplayCounts {
  id: string;
  created_at: number;
  updated_at: number;
  status: ReplayStatus;
  selection: string;
  repair: string | null;
  step: number;
  cursor: string | null;
  plan: string | null;
  application: string | null;
}

function toReplay({
  application: _,
  created_at,
  updated_at,
  selection,
  repair,
  cursor,
  plan,
  ...row
}: ReplayRow): Replay {
  return {
    ...row,
    createdAt: created_at,
    updatedAt: updated_at,
    selection: JSON.parse(selection),
    repair: JSON.parse(repair ?? "null"),
    cursor: JSON.parse(cursor ?? "null"),
    plan: JSON.parse(plan ?? "null"),
  };
}

function jsonOrNull(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}
