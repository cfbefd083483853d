import { tieOf } from "../../model/event/event-key";
import { formatTimestamp } from "../../model/time/time";
import type { ArchivedEvent } from "../../storage/archive/file/archived-rows";
import type { Belonging } from "../../storage/erasures/erasure-source";
import type { EventRow } from "../../storage/write/rows";

/**
 * An event as JSON text, as it would be sent. The original text of valid events is not kept; an event that conflicts
 * with an archived one is stored among the errors in this form.
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

/** The fields that decide whether an event was erased. */
export function belongingOf({ session, visitor, receivedAt }: ArchivedEvent): Belonging {
  return { session, visitor, error: null, receivedAt };
}

/** The row of an event that was read from a table or a file. */
export function rowOf(event: ArchivedEvent): EventRow {
  return { ...event, tie: tieOf(event.id), sent: sentText(event) };
}
