import * as v from "valibot";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { PARTITION_STATES, type Partition } from "./partition";
import { PartitionMap } from "./partition-map";

/** The partition map in the first database: reading it, and the transactions that change it. */

const count = v.pipe(v.number(), v.safeInteger());

const RowSchema = v.pipe(
  v.object({
    partition_id: count,
    from_us: count,
    to_us: count,
    databases: v.pipe(v.string(), v.parseJson(), v.array(count)),
    slot_us: count,
    state: v.picklist(PARTITION_STATES),
    late: count,
    ready: count,
    // As entries: valibot's records drop members named like those of every object, such as `constructor`.
    common: v.pipe(
      v.string(),
      v.parseJson(),
      v.transform((common) => Object.entries(Object(common))),
      v.array(v.tuple([v.string(), count])),
    ),
  }),
  v.transform(
    (row): Partition => ({
      id: row.partition_id,
      from: row.from_us,
      to: row.to_us,
      databases: row.databases,
      slotMicros: row.slot_us,
      state: row.state,
      late: row.late === 1,
      ready: row.ready === 1,
      common: new Map(row.common),
    }),
  ),
);

const RevisionSchema = v.tuple([v.object({ revision: count })]);

const REVISION = "SELECT revision FROM revisions WHERE name = 'partitions'";

/** Every change of the map makes a new revision, in the same transaction. */
const NEXT_REVISION = "UPDATE revisions SET revision = revision + 1 WHERE name = 'partitions'";

/** A revision that is older than any stored one. */
export const NO_PARTITIONS = new PartitionMap(-1, []);

/**
 * The current map. One row read if `known` is still current.
 *
 * @throws what D1 throws
 */
export async function loadPartitionMap(database: Database, known: PartitionMap): Promise<PartitionMap> {
  return (await loadPartitionMapWith(database, known, [])).map;
}

/**
 * The current map, and the results of other statements: one call if `known` is still current.
 *
 * @throws what D1 throws
 */
export async function loadPartitionMapWith(
  { binding }: Database,
  known: PartitionMap,
  others: readonly D1PreparedStatement[],
): Promise<{ map: PartitionMap; results: D1Result[] }> {
  const [first, ...results] = await binding.batch<unknown>([binding.prepare(REVISION), ...others]);
  const [{ revision }] = v.parse(RevisionSchema, first?.results);
  return { map: revision === known.revision ? known : await loadNewMap(binding), results };
}

async function loadNewMap(binding: D1Database): Promise<PartitionMap> {
  const [held, rows] = await binding.batch<unknown>([
    binding.prepare(REVISION),
    binding.prepare(
      "SELECT partition_id, from_us, to_us, databases, slot_us, state, late, ready, common FROM partitions ORDER BY from_us",
    ),
  ]);
  const [current] = v.parse(RevisionSchema, held?.results);
  return new PartitionMap(current.revision, v.parse(v.array(RowSchema), rows?.results));
}

export interface NewPartition {
  /** A time that it must cover. */
  moment: Micros;
  /** Its range, limited to what no other partition covers. */
  from: Micros;
  to: Micros;
  databases: readonly number[];
  slotMicros: Micros;
  now: Micros;
}

/**
 * If two consumers want a partition for the same time, the second finds it covered and adds nothing. The range is
 * limited by its neighbours. The common categories are those of the partition that starts last, from the first event
 * on.
 */
const ADD_PARTITION = `
INSERT INTO partitions (from_us, to_us, databases, slot_us, state, late, ready, common, created_at)
SELECT
  max(?2, coalesce((SELECT max(to_us) FROM partitions WHERE to_us <= ?1), ?2)),
  min(?3, coalesce((SELECT min(from_us) FROM partitions WHERE from_us > ?1), ?3)),
  ?4, ?5, 'open', 0, 0,
  coalesce((
    SELECT (SELECT json_group_object(key, 0) FROM json_each(newest.common)) FROM partitions AS newest
    ORDER BY created_at DESC, partition_id DESC LIMIT 1
  ), '{}'),
  ?6
WHERE NOT EXISTS (SELECT 1 FROM partitions WHERE from_us <= ?1 AND to_us > ?1)`;

export async function addPartition({ binding }: Database, partition: NewPartition): Promise<void> {
  const { moment, from, to, databases, slotMicros, now } = partition;
  await binding.batch([
    binding.prepare(ADD_PARTITION).bind(moment, from, to, JSON.stringify(databases), slotMicros, now),
    binding.prepare(NEXT_REVISION),
  ]);
}

/** Records that the tables of a partition exist in all of its databases. From then on it is read and written. */
export async function markReady({ binding }: Database, { id }: Partition): Promise<void> {
  await binding.batch([
    binding.prepare("UPDATE partitions SET ready = 1 WHERE partition_id = ?1").bind(id),
    binding.prepare(NEXT_REVISION),
  ]);
}

/** Records that the late lane of a partition exists. */
export async function markLate({ binding }: Database, { id }: Partition): Promise<void> {
  await binding.batch([
    binding.prepare("UPDATE partitions SET late = 1 WHERE partition_id = ?1").bind(id),
    binding.prepare(NEXT_REVISION),
  ]);
}

/**
 * Records the state of a partition, unless its state has changed meanwhile. A partition can be `archived` and dropped from any
 * earlier state: its tables go, and a map that still lists them would fail every reader.
 */
export function stateStatements({ binding }: Database, { id, state }: Partition, next: Partition["state"]) {
  return [
    binding
      .prepare(
        `UPDATE partitions SET state = ?2 WHERE partition_id = ?1
         AND (state = ?3 OR ?2 = 'dropped' OR (?2 = 'archived' AND state IN ('open', 'sealed')))`,
      )
      .bind(id, next, state),
    binding.prepare(NEXT_REVISION),
  ];
}

/**
 * Records categories as common in a partition, for events received from `since` on. Recorded categories stay
 * unchanged.
 */
export async function addCommonCategories(
  { binding }: Database,
  { id }: Pick<Partition, "id">,
  categories: readonly string[],
  since: Micros,
): Promise<void> {
  const added = Object.fromEntries(categories.map((category) => [category, since]));
  await binding.batch([
    binding
      .prepare("UPDATE partitions SET common = json_patch(?2, common) WHERE partition_id = ?1")
      .bind(id, JSON.stringify(added)),
    binding.prepare(NEXT_REVISION),
  ]);
}

/** Moves the end of a partition forward. The caller ensures that no event can have reached the new end yet. */
export async function cutPartition({ binding }: Database, { id }: Partition, to: Micros): Promise<void> {
  await binding.batch([
    binding
      .prepare("UPDATE partitions SET to_us = ?2 WHERE partition_id = ?1 AND to_us > ?2 AND from_us < ?2")
      .bind(id, to),
    binding.prepare(NEXT_REVISION),
  ]);
}
