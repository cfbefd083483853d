import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../core/databases";
import { groupsOf } from "../core/groups-of";
import { readBatch } from "../core/reader";
import { MAX_TERMS } from "../core/union-all";
import { isLate, type Lane, lanesToRead, type Partition } from "../partitions/partition";

/** A lane in one of its databases. */
export interface LaneSource extends Lane {
  database: Database;
  /** For a late lane: the main lane, if it can be read. If an event is in both, the late one is a copy. */
  main: Lane | null;
}

/**
 * Up to MAX_TERMS lanes of one database, all main or all late, in the order of the scan. They cover different ranges
 * of time, so one UNION ALL with a LIMIT reads them one after the other and stops when the page is full.
 */
export interface Chain {
  database: Database;
  lanes: readonly LaneSource[];
}

/**
 * The chains of some partitions.
 *
 * @param partitions in the order of the scan
 * @param holds whether a database may hold wanted events of a partition
 */
export function chainsOf(
  databases: readonly Database[],
  partitions: readonly Partition[],
  holds: (partition: Partition, database: Database) => boolean = () => true,
): Chain[] {
  return databases.flatMap((database) => {
    const lanes = partitions
      .filter((partition) => partition.databases.includes(database.index) && holds(partition, database))
      .flatMap((partition) => lanesIn(partition, database));
    return [lanes.filter((lane) => !isLate(lane)), lanes.filter(isLate)].flatMap((own) =>
      groupsOf(own, MAX_TERMS).map((group) => ({ database, lanes: group })),
    );
  });
}

/** The lanes of a partition in a database, the main one first. */
export function lanesIn(partition: Partition, database: Database): LaneSource[] {
  const lanes = lanesToRead(partition, database);
  const main = lanes.find((lane) => !isLate(lane)) ?? null;
  return lanes.map((lane) => ({ ...lane, database, main: isLate(lane) ? main : null }));
}

/** A statement for a database. */
export interface PlacedStatement {
  database: Database;
  statement: SQL;
}

/** Statements in one call of a database. */
const MAX_BATCH = 100;

/**
 * Runs statements, with as few calls to each database as possible. Returns their rows in the given order.
 *
 * @throws DrizzleQueryError
 */
export async function readAll<Row>(statements: readonly PlacedStatement[]): Promise<Row[][]> {
  const results = statements.map((): Row[] => []);
  const places = Map.groupBy(statements.keys(), (place) => statements[place]?.database);
  const calls = [...places].flatMap(([database, own]) =>
    database === undefined ? [] : groupsOf(own, MAX_BATCH).map((some) => ({ database, some })),
  );
  await Promise.all(
    calls.map(async ({ database, some }) => {
      const rows = await readBatch<Row>(
        database,
        some.flatMap((place) => statements[place]?.statement ?? []),
      );
      for (const [n, place] of some.entries()) results[place] = rows[n] ?? [];
    }),
  );
  return results;
}

/** A table of a lane, such as `events_12`. */
export function laneTable(kind: "events" | "activity" | "visits" | "minutes", { suffix }: Lane): SQL {
  return sql.raw(`${kind}_${suffix}`);
}

/**
 * Splits a list into growing groups: 1, 4, 16 … `most`. A scan mostly ends in its first partition, but needs few
 * calls even if hundreds of partitions are nearly empty.
 *
 * @param isHeavy items of which a group has at most `mostHeavy`
 */
export function* growingGroups<Item>(
  items: readonly Item[],
  most: number,
  { isHeavy, mostHeavy }: { isHeavy: (item: Item) => boolean; mostHeavy: number } = NONE_HEAVY,
): Generator<Item[]> {
  let size = 1;
  for (let start = 0; start < items.length; size = Math.min(most, size * 4)) {
    let heavy = 0;
    const end = items.findIndex((item, place) => {
      if (place < start) return false;
      if (isHeavy(item)) heavy += 1;
      return place === start + size || heavy > mostHeavy;
    });
    const group = items.slice(start, end === -1 ? items.length : end);
    yield group;
    start += group.length;
  }
}

const NONE_HEAVY = { isHeavy: () => false, mostHeavy: 1 };
