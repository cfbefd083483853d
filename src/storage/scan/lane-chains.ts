import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../core/databases";
import { readBatch } from "../core/reader";
import { isLate, type Lane, lanesToRead, type Partition } from "../partitions/partition";

/** A lane in one of its databases. */
export interface LaneSource extends Lane {
  database: Database;
  /** For a late lane: the main lane, if it can be read. If an event is in both, the late one is a copy. */
  main: Lane | null;
}

/** D1's limit on the terms of a UNION ALL. */
const MAX_TERMS = 5;

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
      Array.from({ length: Math.ceil(own.length / MAX_TERMS) }, (_, n) => ({
        database,
        lanes: own.slice(n * MAX_TERMS, (n + 1) * MAX_TERMS),
      })),
    );
  });
}

/** The lanes of a partition in a database, the main one first. */
export function lanesIn(partition: Partition, database: Database): LaneSource[] {
  const lanes = lanesToRead(partition);
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
    database === undefined
      ? []
      : Array.from({ length: Math.ceil(own.length / MAX_BATCH) }, (_, n) => ({
          database,
          some: own.slice(n * MAX_BATCH, (n + 1) * MAX_BATCH),
        })),
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

export function unionAll(terms: readonly SQL[]): SQL {
  return sql.join([...terms], sql` UNION ALL `);
}

/** A table of a lane, such as `events_12`. */
export function laneTable(kind: "events" | "activity" | "visits" | "minutes", { suffix }: Lane): SQL {
  return sql.raw(`${kind}_${suffix}`);
}

/**
 * Splits a list into growing groups: 1, 4, 16 … `most`. A scan mostly ends in its first partition, but needs few
 * calls even if hundreds of partitions are nearly empty.
 */
export function* growingGroups<Item>(items: readonly Item[], most: number): Generator<Item[]> {
  for (let start = 0, size = 1; start < items.length; start += size, size = Math.min(most, size * 4)) {
    yield items.slice(start, start + size);
  }
}
