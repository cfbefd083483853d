import type { Micros } from "../../../src/model/time/time";
import type { Pipeline } from "../../../src/pipeline/process-batch";
import { indexRules } from "../../../src/rules/rules";
import type { Database } from "../../../src/storage/core/databases";
import { openSuffix, type Partition } from "../../../src/storage/partitions/partition";
import { PartitionMap } from "../../../src/storage/partitions/partition-map";
import type { PartitionStore } from "../../../src/storage/partitions/partition-store";
import { createTables } from "../../../src/storage/partitions/partition-tables";
import type { BatchRows, EventRow } from "../../../src/storage/write/rows";
import { type Regimes, regimeAt } from "../model/rule-sets";

/** A guarantee of the pipeline that is broken on purpose, to show that the simulation notices. */
export type Sabotage =
  | "none"
  /** The key of an event lacks its id. */
  | "without_tie"
  /** Events are validated by the rules at their processing. */
  | "rules_at_processing"
  /** Sessions are hashed over the databases that are bound now. */
  | "current_databases"
  /** `activity` is written in a separate transaction before that of its event. */
  | "activity_apart"
  /** Counts are written in a separate transaction, so they remain even if the events are refused. */
  | "counts_apart"
  | "acknowledge_before_commit"
  /** A late lane ignores the sealed tables. */
  | "late_copies"
  /** Findings of report-only schemas are lost. */
  | "without_report_only"
  /** Errors without a valid timestamp are placed by the time of processing. */
  | "errors_by_processing";

/** The statements that go into a separate transaction before the others. */
export function divisionOf(sabotage: Sabotage): ((sql: string) => boolean) | null {
  if (sabotage === "activity_apart") return (sql) => sql.includes("INSERT INTO activity_");
  if (sabotage === "counts_apart") return (sql) => /INSERT INTO (categories|series|minutes_\d+|counts) /.test(sql);
  return null;
}

/** The pipeline with one faulty port. */
export function sabotaged(
  sabotage: Sabotage,
  pipeline: Pipeline,
  { now, regimes, originals }: { now: Micros; regimes: Regimes; originals: readonly Database[] },
): Pipeline {
  const { write, partitions, databases } = pipeline;
  switch (sabotage) {
    case "without_tie":
      return { ...pipeline, write: (database, rows, mayHold) => write(database, mapEvents(rows, withoutTie), mayHold) };
    case "without_report_only":
      return {
        ...pipeline,
        write: (database, rows, mayHold) => write(database, mapEvents(rows, withoutReportOnly), mayHold),
      };
    case "late_copies":
      return { ...pipeline, write: (database, rows, mayHold) => write(database, withoutSealed(rows), mayHold) };
    case "rules_at_processing": {
      const { book } = regimeAt(regimes, now);
      return {
        ...pipeline,
        rules: async () => ({ at: () => indexRules(book), only: () => [{ since: 0, rules: book }] }),
      };
    }
    case "current_databases":
      return { ...pipeline, partitions: overAll(partitions, databases, originals) };
    case "errors_by_processing":
      return {
        ...pipeline,
        // Reads the clock instead of the envelope.
        callSession: async (session, call) => {
          const { outcomes } = await pipeline.callSession(session, call);
          return { outcomes: outcomes.map((one) => (one.kind === "failed" ? { ...one, occurredAt: now } : one)) };
        },
      };
    default:
      return pipeline;
  }
}

function mapEvents(rows: BatchRows, change: (row: EventRow) => EventRow): BatchRows {
  return { ...rows, events: rows.events.map(({ lane, rows: own }) => ({ lane, rows: own.map(change) })) };
}

function withoutTie(row: EventRow): EventRow {
  return { ...row, tie: 0 };
}

function withoutReportOnly({ shadow: _, ...row }: EventRow): EventRow {
  return row;
}

function withoutSealed(rows: BatchRows): BatchRows {
  const events = rows.events.map(({ lane, rows: own }) => {
    const state = lane.partition.state === "sealed" ? "archived" : lane.partition.state;
    return { lane: { ...lane, partition: { ...lane.partition, state } }, rows: own };
  });
  return { ...rows, events };
}

/** Maps in which every partition has all bound databases, each with the tables that it would then need. */
function overAll(
  store: PartitionStore,
  databases: readonly Database[],
  originals: readonly Database[],
): PartitionStore {
  const all = databases.map(({ index }) => index);
  const change = async (map: PartitionMap): Promise<PartitionMap> => {
    const changed = map.partitions.map((partition): Partition => ({ ...partition, databases: all }));
    for (const partition of changed.filter(({ state, late }) => state === "open" && !late)) {
      for (const database of originals.slice(0, all.length)) await createTables(database, openSuffix(partition));
    }
    return new PartitionMap(map.revision, changed);
  };
  return {
    current: async () => change(await store.current()),
    latest: async () => change(await store.latest()),
    covering: async (moments) => change(await store.covering(moments)),
  };
}
