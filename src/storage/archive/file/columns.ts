import type { Micros } from "../../../model/time/time";
import type { ArchivedError, ArchivedEvent } from "./archived-rows";

/**
 * The columns of archive files, by their names in the files. Names and types never change, because files are kept
 * for years and other programs read them. A new column is added last and may be NULL in older files.
 *
 * Ids are text, because readers skip row groups by the statistics of text columns but not by those of UUIDs.
 */
export type ColumnKind = "text" | "moment" | "count";

export interface ArchiveColumn<Row> {
  name: string;
  kind: ColumnKind;
  nullable: boolean;
  /** For columns with few distinct or often repeated values: stored as dictionary indexes. */
  dictionary?: true;
  valueIn: (row: Row) => string | Micros | null;
}

export const EVENT_COLUMNS: readonly ArchiveColumn<ArchivedEvent>[] = [
  { name: "occurred_at", kind: "moment", nullable: false, valueIn: (row) => row.occurredAt },
  { name: "received_at", kind: "moment", nullable: false, valueIn: (row) => row.receivedAt },
  { name: "session_id", kind: "text", nullable: false, dictionary: true, valueIn: (row) => row.session },
  { name: "id", kind: "text", nullable: false, valueIn: (row) => row.id },
  { name: "application", kind: "text", nullable: false, dictionary: true, valueIn: (row) => row.application },
  { name: "category", kind: "text", nullable: false, dictionary: true, valueIn: (row) => row.category },
  { name: "name", kind: "text", nullable: false, dictionary: true, valueIn: (row) => row.name },
  { name: "visitor_id", kind: "text", nullable: true, dictionary: true, valueIn: (row) => row.visitor },
  { name: "data", kind: "text", nullable: false, valueIn: (row) => row.data },
  { name: "context", kind: "text", nullable: true, valueIn: (row) => row.context },
  { name: "extra", kind: "text", nullable: true, valueIn: (row) => row.extra },
];

export const ERROR_COLUMNS: readonly ArchiveColumn<ArchivedError>[] = [
  { name: "received_at", kind: "moment", nullable: false, valueIn: (row) => row.receivedAt },
  { name: "id", kind: "text", nullable: false, valueIn: (row) => row.id },
  { name: "application", kind: "text", nullable: true, dictionary: true, valueIn: (row) => row.application },
  { name: "session_id", kind: "text", nullable: true, dictionary: true, valueIn: (row) => row.session },
  { name: "category", kind: "text", nullable: true, dictionary: true, valueIn: (row) => row.category },
  { name: "name", kind: "text", nullable: true, dictionary: true, valueIn: (row) => row.name },
  { name: "event_id", kind: "text", nullable: true, valueIn: (row) => row.eventId },
  { name: "issues", kind: "text", nullable: false, valueIn: (row) => row.issues },
  { name: "content", kind: "text", nullable: true, valueIn: (row) => row.content },
  { name: "parts", kind: "count", nullable: false, valueIn: (row) => row.parts },
  { name: "resolved_at", kind: "moment", nullable: true, valueIn: (row) => row.resolvedAt },
  { name: "resolved_session", kind: "text", nullable: true, valueIn: (row) => row.resolvedSession },
  { name: "resolved_event_id", kind: "text", nullable: true, valueIn: (row) => row.resolvedEventId },
  { name: "resolved_occurred_at", kind: "moment", nullable: true, valueIn: (row) => row.resolvedOccurredAt },
  { name: "replayed_at", kind: "moment", nullable: true, valueIn: (row) => row.replayedAt },
  { name: "replay_id", kind: "text", nullable: true, valueIn: (row) => row.replayId },
];
