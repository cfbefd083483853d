import type { Repair } from "../../model/repair/repair";
import type { ReplaySelection } from "../../model/replay";
import type { Micros } from "../../model/time";
import type { Database } from "../core/databases";
import type { ErrorKey } from "../errors/error-key";

export type ReplayStatus = "running" | "done";

/** Where a replay's next step begins: after an error of the filter's list, or at a place in the list of ids. */
export type ReplayCursor = ErrorKey | number;

/** What a step is to do, fixed before it does any of it: what it changes must not change what it counts. */
export interface StepPlan {
  ids: string[];
  /** Where the step after it begins; null: there is none. */
  next: ReplayCursor | null;
}

export interface ReplayCounts {
  matched: number;
  /** Events that now stand in their sessions. */
  stored: number;
  failing: number;
  /** Left as they were: resolved before, in the hands of another replay, or nothing that can be judged. */
  skipped: number;
}

export interface Replay extends ReplayCounts {
  id: string;
  createdAt: Micros;
  updatedAt: Micros;
  status: ReplayStatus;
  selection: ReplaySelection;
  repair: Repair | null;
  /** Steps that are counted. */
  step: number;
  cursor: ReplayCursor | null;
  plan: StepPlan | null;
}

/** Replays live in the first database. All of these throw what D1 throws. */
export async function insertReplay(
  { binding }: Database,
  replay: Pick<Replay, "id" | "createdAt" | "selection" | "repair">,
): Promise<void> {
  await binding
    .prepare(
      `INSERT INTO replays (id, created_at, updated_at, status, selection, repair, step, matched, stored, failing, skipped)
       VALUES (?1, ?2, ?2, 'running', ?3, ?4, 0, 0, 0, 0, 0)`,
    )
    .bind(replay.id, replay.createdAt, JSON.stringify(replay.selection), jsonOrNull(replay.repair))
    .run();
}

/** Takes back a replay of which no step was asked for. */
export async function deleteReplay({ binding }: Database, id: string): Promise<void> {
  await binding.prepare("DELETE FROM replays WHERE id = ?1 AND step = 0 AND plan IS NULL").bind(id).run();
}

export async function loadReplay({ binding }: Database, id: string): Promise<Replay | null> {
  const row = await binding.prepare("SELECT * FROM replays WHERE id = ?1").bind(id).first<ReplayRow>();
  return row === null ? null : toReplay(row);
}

/** The newest replays, beyond the one where the last page ended. */
export async function listReplays(
  { binding }: Database,
  { limit, after }: { limit: number; after: Pick<Replay, "createdAt" | "id"> | null },
): Promise<Replay[]> {
  const { results } = await binding
    .prepare("SELECT * FROM replays WHERE (created_at, id) < (?1, ?2) ORDER BY created_at DESC, id DESC LIMIT ?3")
    .bind(after?.createdAt ?? Number.MAX_SAFE_INTEGER, after?.id ?? "", limit)
    .all<ReplayRow>();
  return results.map(toReplay);
}

/** Those of the given replays that are under way. */
export async function runningAmong({ binding }: Database, ids: string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const { results } = await binding
    .prepare("SELECT id FROM replays WHERE status = 'running' AND id IN (SELECT value FROM json_each(?1))")
    .bind(JSON.stringify(ids))
    .all<{ id: string }>();
  return new Set(results.map(({ id }) => id));
}

/** Fixes what a step is to do, unless that is fixed already. */
export async function planStep({ binding }: Database, id: string, step: number, plan: StepPlan): Promise<void> {
  await binding
    .prepare("UPDATE replays SET plan = ?3 WHERE id = ?1 AND step = ?2 AND status = 'running' AND plan IS NULL")
    .bind(id, step, JSON.stringify(plan))
    .run();
}

/**
 * Counts a step that is carried out, and moves on.
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
         status = iif(?3 IS NULL, 'done', 'running'), matched = matched + ?5, stored = stored + ?6,
         failing = failing + ?7, skipped = skipped + ?8
       WHERE id = ?1 AND step = ?2 AND status = 'running'`,
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
}

function toReplay({ created_at, updated_at, selection, repair, cursor, plan, ...row }: ReplayRow): Replay {
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
