import { isJsonObject } from "../model/event/event";
import { tieOf } from "../model/event/event-key";
import { errorId, fingerprint } from "../model/event/fingerprint";
import { jsonText } from "../model/json/json-text";
import { type Micros, momentOf } from "../model/time/time";
import type { IncomingEvent } from "../session/session-protocol";
import { databaseOf, laneToWrite } from "../storage/partitions/partition";
import type { EventRow } from "../storage/write/rows";
import { hasSameContent, identityOf, storedContents } from "../storage/write/stored-content";
import type { PlacedError } from "./place-rows";
import type { Pipeline, Undelivered } from "./process-batch";
import { deliveryFailed, errorRow } from "./read-message";
import type { Piece } from "./write-pieces";

/** The errors for the incoming events that are not stored. Null if the databases cannot be read. */
export async function markUndeliverable(
  part: Pick<Undelivered, "session" | "incomingEvents" | "messages" | "reason">,
  pipeline: Pipeline,
): Promise<Piece | null> {
  const { session, incomingEvents, messages, reason } = part;
  if (session === null) return null;
  try {
    const lost: PlacedError[] = [];
    for (const incoming of incomingEvents) {
      const event: unknown = JSON.parse(incoming.text);
      const occurredAt = occurrenceOf(event, incoming, pipeline);
      if (occurredAt !== null && (await isStored(session, incoming, event, occurredAt, pipeline))) continue;
      lost.push({
        row: undeliverableRow(session, incoming, event, reason),
        moment: occurredAt ?? incoming.receivedAt,
        parts: [],
      });
    }
    return { messages, session, incomingEvents, events: [], errors: lost, mayHold: false, copies: 0 };
  } catch {
    return null;
  }
}

/** The event's time as `checkEvent` reads it. Null if it cannot be read or lies in the future. */
function occurrenceOf(
  event: unknown,
  { receivedAt }: IncomingEvent,
  { config }: Pick<Pipeline, "config">,
): Micros | null {
  const moment = isJsonObject(event) ? momentOf(event.timestamp) : null;
  return moment !== null && moment <= receivedAt + config.futureToleranceMicros ? moment : null;
}

async function isStored(
  session: string,
  { id, application, receivedAt, text }: IncomingEvent,
  event: unknown,
  occurredAt: Micros,
  { databases, partitions }: Pipeline,
): Promise<boolean> {
  const partition = (await partitions.covering([occurredAt])).find(occurredAt);
  const database = partition === null ? undefined : databases[databaseOf(partition, session)];
  if (partition === null || database === undefined || !isJsonObject(event)) return false;
  const { category, name, data } = event;
  const row: EventRow = {
    ...{ session, id, tie: tieOf(id), application, occurredAt, receivedAt, sent: text },
    ...{
      category: String(category),
      name: String(name),
      data: jsonText(data),
      context: null,
      extra: null,
      visitor: null,
    },
  };
  const stored = (await storedContents(database, laneToWrite(partition), [row])).get(identityOf(row));
  return stored !== undefined && hasSameContent(stored, row);
}

function undeliverableRow(session: string, incoming: IncomingEvent, event: unknown, reason: string) {
  const id = errorId(session, incoming.id, fingerprint(event));
  return errorRow(id, incoming, [deliveryFailed(reason)], event);
}
