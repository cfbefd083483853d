import type { Micros } from "../../model/time/time";
import type { ArchiveKind } from "../../storage/archive/file/archive-file";
import type { Database } from "../../storage/core/databases";

/** Records deletions, and when each rule last had nothing to delete. All functions here throw what D1 throws. */

/** What one rule deleted in one run. */
export interface Deleted {
  rows: number;
  /** Bytes removed from the archive. */
  bytes: number;
  /** A description for the log; null if nothing was deleted. */
  what: Record<string, unknown> | null;
  /** True if there is more to delete. */
  hasMore: boolean;
}

/** True unless the rule was found to have nothing to delete after the given time. */
export async function isCheckDue({ binding }: Database, rule: string, since: Micros): Promise<boolean> {
  const at = await binding.prepare("SELECT at FROM retention_checks WHERE rule = ?1").bind(rule).first<Micros>("at");
  return at === null || at <= since;
}

export async function noteChecked({ binding }: Database, rule: string, now: Micros): Promise<void> {
  await binding
    .prepare(`INSERT INTO retention_checks (rule, at) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET at = excluded.at`)
    .bind(rule, now)
    .run();
}

interface Deletion {
  at: Micros;
  kind: ArchiveKind;
  what: Record<string, unknown>;
  rows: number;
  bytes: number;
}

export async function logDeletion({ binding }: Database, { at, kind, what, rows, bytes }: Deletion): Promise<void> {
  await binding
    .prepare("INSERT INTO retention_log (at, kind, what, rows, bytes) VALUES (?1, ?2, ?3, ?4, ?5)")
    .bind(at, kind, JSON.stringify(what), rows, bytes)
    .run();
}
