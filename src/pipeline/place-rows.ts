import { isJsonObject } from "../model/event/event";
import { tieOf } from "../model/event/event-key";
import { extraOf } from "../model/event/extra";
import { jsonText } from "../model/json/json-text";
import type { Micros } from "../model/time/time";
import type { IncomingEvent, PlacedOutcome } from "../session/session-protocol";
import { databaseOf, type Lane, laneToWrite, type Partition } from "../storage/partitions/partition";
import type { PartitionMap } from "../storage/partitions/partition-map";
import type { BatchRows, ErrorReference, ErrorRow, EventRow, PartRow } from "../storage/write/rows";

/** An incoming event with its parsed text. */
export interface ReadEvent {
  incoming: IncomingEvent;
  event: unknown;
  /** The error that this event replays, if it comes from a replay. */
  replays?: ErrorReference;
}

/** An error, and the time that determines its partition: its occurrence if known, otherwise its receipt. */
export interface PlacedError {
  row: ErrorRow;
  moment: Micros;
  parts: PartRow[];
}

export type ValidOutcome = Extract<PlacedOutcome, { kind: "valid" | "copy" }>;

/** The row of a valid event. */
export function eventRow(session: string, { incoming, event, replays }: ReadEvent, outcome: ValidOutcome): EventRow {
  const members = isJsonObject(event) ? event : {};
  const { context, visitor_id: visitor } = members;
  const extra = extraOf(members);
  const row: EventRow = {
    session,
    id: incoming.id,
    tie: tieOf(incoming.id),
    application: incoming.application,
    category: String(members.category),
    name: String(members.name),
    occurredAt: outcome.occurredAt,
    receivedAt: incoming.receivedAt,
    data: jsonText(members.data),
    context: isJsonObject(context) ? jsonText(context) : null,
    extra: extra === null ? null : jsonText(extra),
    visitor: typeof visitor === "string" ? visitor : null,
    sent: incoming.text,
  };
  if (outcome.kind === "valid" && outcome.shadow !== undefined) row.shadow = outcome.shadow;
  if (replays !== undefined) row.replays = replays;
  return row;
}

export interface PlacedRows {
  database: number;
  rows: BatchRows;
}

/**
 * Groups rows by database. An event belongs to the partition of its timestamp, and in it to the database of its
 * session. An error belongs to the database that its session (or its own id) has at its time.
 *
 * @throws Error if the map does not cover a time: call `PartitionStore.covering` first
 */
export function placeRows(
  events: readonly EventRow[],
  errors: readonly PlacedError[],
  map: PartitionMap,
): PlacedRows[] {
  const placed = new Map<number, PlacedRows & { lanes: Map<string, { lane: Lane; rows: EventRow[] }> }>();
  const at = (database: number) => {
    const same = placed.get(database);
    if (same !== undefined) return same;
    const made = { database, rows: { events: [], errors: [], parts: [] } as BatchRows, lanes: new Map() };
    placed.set(database, made);
    return made;
  };
  for (const row of events) {
    const partition = partitionOf(map, row.occurredAt);
    const { lanes, rows } = at(databaseOf(partition, row.session));
    const lane = laneToWrite(partition);
    const same = lanes.get(lane.suffix);
    if (same !== undefined) same.rows.push(row);
    else {
      const made = { lane, rows: [row] };
      lanes.set(lane.suffix, made);
      rows.events.push(made);
    }
  }
  for (const { row, moment, parts } of errors) {
    const { rows } = at(databaseOf(partitionOf(map, moment), row.session ?? row.id));
    rows.errors.push(row);
    rows.parts.push(...parts);
  }
  return [...placed.values()].map(({ database, rows }) => ({ database, rows }));
}

function partitionOf(map: PartitionMap, moment: Micros): Partition {
  const partition = map.find(moment);
  if (partition === null) throw new Error(`no partition covers the time ${moment}`);
  return partition;
}
