import { formatTimestamp, type Micros } from "../../model/time/time";
import { type Database, firstDatabase } from "../../storage/core/databases";
import { unionTexts } from "../../storage/core/union-all";
import { leftoverStatements } from "../../storage/erasures/scrub/leftovers";
import { lateSuffix } from "../../storage/partitions/partition";
import { dropPartition } from "../../storage/partitions/partition-lifecycle";
import { loadPartitionMap, NO_PARTITIONS } from "../../storage/partitions/partition-records";
import type { Deleted } from "./retention-log";

/** The most partitions that one run drops. */
const MAX_PARTITIONS = 20;

/**
 * Drops partitions that ended before a time. Dropping removes any number of rows at once, and writes few.
 *
 * @throws what D1 throws
 */
export async function dropOldPartitions(databases: readonly Database[], before: Micros): Promise<Deleted> {
  const map = await loadPartitionMap(firstDatabase(databases), NO_PARTITIONS);
  // Partitions that are being copied are left out: their files are deleted afterwards. An archived one may have tables that a
  // crash has left.
  const old = map.partitions.filter(
    ({ state, ready, to }) => (state === "open" || state === "archived") && ready && to <= before,
  );
  const dropped = old.slice(0, MAX_PARTITIONS);
  let rows = 0;
  for (const partition of dropped) {
    for (const { index, binding } of databases) {
      if (partition.state !== "open" || !partition.databases.includes(index)) continue;
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
 * Deletes the late events of dropped partitions that ended before a time.
 *
 * @throws what D1 throws
 */
export async function emptyLateLanes(databases: readonly Database[], before: Micros): Promise<Deleted> {
  const map = await loadPartitionMap(firstDatabase(databases), NO_PARTITIONS);
  const old = map.partitions.filter(({ state, late, to }) => state === "dropped" && late && to <= before);
  let rows = 0;
  const emptied = new Set<number>();
  for (const database of databases) {
    const { index, binding } = database;
    const own = old.filter((partition) => partition.databases.includes(index));
    if (own.length === 0) continue;
    const terms = own.map((one) => `SELECT ${one.id} AS id WHERE EXISTS (SELECT 1 FROM events_${lateSuffix(one)})`);
    const found = await binding.batch<{ id: number }>(unionTexts(terms).map((text) => binding.prepare(text)));
    const filled = new Set(found.flatMap(({ results }) => results.map(({ id }) => id)));
    for (const partition of own.filter(({ id }) => filled.has(id))) {
      const suffix = lateSuffix(partition);
      const [deleted] = await binding.batch([
        ...["events", "activity", "visits"].map((table) =>
          binding.prepare(`DELETE FROM ${table}_${suffix} WHERE true`),
        ),
        ...(await leftoverStatements(database, [`events_${suffix}`])),
      ]);
      rows += deleted?.meta.changes ?? 0;
      emptied.add(partition.id);
    }
  }
  return { rows, bytes: 0, what: rows === 0 ? null : { late_events_of_partitions: [...emptied] }, hasMore: false };
}
