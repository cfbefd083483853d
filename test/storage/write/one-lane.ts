import { env } from "cloudflare:workers";
import type { Database } from "../../../src/storage/core/databases";
import { type Lane, laneToWrite, type Partition } from "../../../src/storage/partitions/partition";
import type { BatchRows, EventRow } from "../../../src/storage/write/rows";
import { writeBatch } from "../../../src/storage/write/write-batch";
import { emptyDatabases } from "../empty-databases";
import { MORNING, partitionsOf } from "../seed";

/** Writing into one lane of one database. */

export const database: Database = { index: 0, binding: env.DB };

export let partition: Partition;
export let lane: Lane;

interface Draft extends Partial<Omit<BatchRows, "events">> {
  events?: EventRow[];
}

export function rowsOf({ events = [], ...rows }: Draft): BatchRows {
  return { events: events.length === 0 ? [] : [{ lane, rows: events }], errors: [], parts: [], ...rows };
}

export const write = (rows: Draft, mayHold?: boolean) => writeBatch(database, rowsOf(rows), mayHold);

export async function all<Row = Record<string, unknown>>(sql: string): Promise<Row[]> {
  return (await env.DB.prepare(sql).all<Row>()).results;
}

export const storedIds = async () =>
  (await all<{ id: string }>(`SELECT id FROM events_${lane.suffix}`)).map(({ id }) => id);

export const everything = async () => {
  const own = ["events", "activity", "visits", "minutes"].map((table) => `${table}_${lane.suffix}`);
  const tables = [
    ...own,
    "counts",
    "receipt_counts",
    "series_hours",
    "series",
    "categories",
    "errors",
    "error_parts",
    "failures",
  ];
  return Promise.all(tables.map((table) => all(`SELECT * FROM ${table}`)));
};

/** Lets further events be written into another lane. */
export function useLane(next: Lane): void {
  lane = next;
}

/** Empties the database and creates the partition of the morning, whose open lane is `lane`. */
export async function beginAnew(): Promise<void> {
  await emptyDatabases([database]);
  const found = (await partitionsOf([database]).covering([MORNING])).find(MORNING);
  if (found === null) throw new Error("no partition covers the morning");
  partition = found;
  lane = laneToWrite(partition);
}
