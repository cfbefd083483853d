import { formatTimestamp, type Micros } from "../../model/time/time";
import { type Database, firstDatabase } from "../../storage/core/databases";
import { lateSuffix } from "../../storage/partitions/partition";
import { dropPartition } from "../../storage/partitions/partition-lifecycle";
import { loadPartitionMap, NO_PARTITIONS } from "../../storage/partitions/partition-records";
import type { Deleted } from "./retention-log";

/** Partitions that one run drops. */
const MAX_PARTITIONS = 20;

/** Tables in one statement: D1's limit on the terms of a UNION ALL. */
const MAX_TERMS = 5;

/**
 * Drops partitions whose last moment is older: their rows go at once, whatever their number, and no row is written.
 *
 * @throws what D1 throws
 */
export async function dropOldPartitions(databases: readonly Database[], before: Micros): Promise<Deleted> {
  const map = await loadPartitionMap(firstDatabase(databases), NO_PARTITIONS);
  // One that is being copied goes on: its files are deleted afterwards.
  const old = map.partitions.filter(({ state, ready, to }) => state === "open" && ready && to <= before);
  const dropped = old.slice(0, MAX_PARTITIONS);
  let rows = 0;
  for (const partition of dropped) {
    for (const { index, binding } of databases) {
      if (!partition.databases.includes(index)) continue;
      const counted = `SELECT coalesce(sum(events), 0) AS rows FROM minutes_${partition.id}`;
      rows += (await binding.prepare(counted).first<number>("rows")) ?? 0;
    }
    await dropPartition(databases, partition);
  }
  const [oldest] = dropped;
  const newest = dropped.at(-1);
  if (oldest === undefined || newest === undefined) return { rows: 0, bytes: 0, what: null, hasMore: false };
  const range = { from: formatTimestamp(oldest.from), to: formatTimestamp(newest.to) };
  const what = { partitions: dropped.map(({ id }) => id), ...range };
  return { rows, bytes: 0, what, hasMore: old.length > dropped.length };
}

/**
 * Deletes what came late to partitions that have left the databases and whose last moment is older.
 *
 * @throws what D1 throws
 */
export async function emptyLateLanes(databases: readonly Database[], before: Micros): Promise<Deleted> {
  const map = await loadPartitionMap(firstDatabase(databases), NO_PARTITIONS);
  const old = map.partitions.filter(({ state, late, to }) => state === "dropped" && late && to <= before);
  let rows = 0;
  const emptied = new Set<number>();
  for (const { index, binding } of databases) {
    const own = old.filter((partition) => partition.databases.includes(index));
    if (own.length === 0) continue;
    const terms = own.map((one) => `SELECT ${one.id} AS id WHERE EXISTS (SELECT 1 FROM events_${lateSuffix(one)})`);
    const statements = Array.from({ length: Math.ceil(terms.length / MAX_TERMS) }, (_, n) =>
      binding.prepare(terms.slice(n * MAX_TERMS, (n + 1) * MAX_TERMS).join(" UNION ALL ")),
    );
    const found = await binding.batch<{ id: number }>(statements);
    const filled = new Set(found.flatMap(({ results }) => results.map(({ id }) => id)));
    for (const partition of own.filter(({ id }) => filled.has(id))) {
      const [deleted] = await binding.batch(
        ["events", "activity", "visits"].map((table) =>
          binding.prepare(`DELETE FROM ${table}_${lateSuffix(partition)} WHERE true`),
        ),
      );
      rows += deleted?.meta.changes ?? 0;
      emptied.add(partition.id);
    }
  }
  return { rows, bytes: 0, what: rows === 0 ? null : { late_events_of_partitions: [...emptied] }, hasMore: false };
}
