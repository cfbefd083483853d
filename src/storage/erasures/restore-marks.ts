import type { Database } from "../core/databases";

/**
 * Marks that show whether a database was restored to an older state. A restore undoes neither tombstones in KV nor
 * objects in R2. So whenever these have changed, a new mark is written to every database, and then outside D1. A
 * database that lacks the latest mark is behind. All functions here throw what D1 throws.
 */

/** Marks that a database keeps: an outdated read of KV may return an earlier one. */
const KEPT_MARKS = 100;

/** The statement that counts a change outside D1, in the first database. */
export function outsideChange(binding: D1Database): D1PreparedStatement {
  return binding.prepare("UPDATE revisions SET revision = revision + 1 WHERE name = 'outside_changes'");
}

export async function countOutsideChanges({ binding }: Database): Promise<number> {
  const changes = await binding
    .prepare("SELECT revision FROM revisions WHERE name = 'outside_changes'")
    .first<number>("revision");
  return changes ?? 0;
}

/** A new mark for a number of changes. */
export function newMark(changes: number): string {
  return `${changes}:${crypto.randomUUID()}`;
}

/** True if no change outside D1 followed a mark. */
export function isCurrent(mark: string, changes: number): boolean {
  return mark.startsWith(`${changes}:`);
}

export async function hasMark({ binding }: Database, mark: string): Promise<boolean> {
  const found = await binding.prepare("SELECT 1 FROM restore_marks WHERE mark = ?1").bind(mark).first();
  return found !== null;
}

/** Writes a mark to databases. A repeated call changes nothing. */
export async function writeMark(databases: readonly Database[], mark: string): Promise<void> {
  await Promise.all(
    databases.map(({ binding }) =>
      binding.batch([
        binding.prepare("INSERT INTO restore_marks (mark) VALUES (?1) ON CONFLICT DO NOTHING").bind(mark),
        binding.prepare(`DELETE FROM restore_marks WHERE id <= (SELECT max(id) - ${KEPT_MARKS} FROM restore_marks)`),
      ]),
    ),
  );
}
