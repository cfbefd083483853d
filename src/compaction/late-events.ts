import { tieOf } from "../model/event/event-key";
import { formatTimestamp } from "../model/time/time";
import type { ArchivedEvent } from "../storage/archive/file/archived-rows";
import type { Belonging } from "../storage/erasures/erasure-source";
import type { EventRow } from "../storage/write/rows";

/**
 * An event as it would be sent, as JSON text. What was sent is not kept for valid events; an event that turns out to be in
 * conflict with an archived one is put among the errors like this.
 */
export function sentText(event: ArchivedEvent): string {
  const { session, id, category, name, occurredAt, visitor } = event;
  return JSON.stringify({
    session_id: session,
    id,
    category,
    name,
    timestamp: formatTimestamp(occurredAt),
    data: JSON.parse(event.data),
    ...(event.context === null ? {} : { context: JSON.parse(event.context) }),
    ...(visitor === null ? {} : { visitor_id: visitor }),
    ...(event.extra === null ? {} : JSON.parse(event.extra)),
  });
}

/** By what it is known whether an event was erased. */
export function belongingOf({ session, visitor, receivedAt }: ArchivedEvent): Belonging {
  return { session, visitor, error: null, receivedAt };
}

/** The row of an event that is read from a table or a file. */
export function rowOf(event: ArchivedEvent): EventRow {
  return { ...event, tie: tieOf(event.id), sent: sentText(event) };
}
