import * as v from "valibot";
import { MomentSchema } from "../../http/request/moment";
import { formatTimestamp } from "../../model/time/time";
import type { FoundEvent } from "../../storage/events/named-events";

const JsonObjectAnswer = v.record(v.string(), v.unknown());

/** An event as it is returned. Members that were not sent are left out. */
export const StoredEventSchema = v.object({
  session_id: v.string(),
  application: v.pipe(v.string(), v.description("The application that sent it.")),
  category: v.string(),
  name: v.string(),
  data: v.pipe(JsonObjectAnswer, v.description("The payload as it was sent.")),
  timestamp: v.pipe(MomentSchema, v.description("When the event occurred: ISO 8601, UTC, six decimals.")),
  received_at: v.pipe(MomentSchema, v.description("When the event was received: ISO 8601, UTC, six decimals.")),
  id: v.pipe(v.string(), v.description("The client's id, or the one assigned on receipt.")),
  visitor_id: v.optional(v.pipe(v.string(), v.description("The person or device, if the event has one."))),
  context: v.optional(v.pipe(JsonObjectAnswer, v.description("The circumstances as they were sent, if any."))),
  extra: v.optional(
    v.pipe(JsonObjectAnswer, v.description("The members that are not part of `Event`, as sent, if any.")),
  ),
});

export function renderEvent(event: FoundEvent): v.InferOutput<typeof StoredEventSchema> {
  return {
    session_id: event.session,
    application: event.application,
    category: event.category,
    name: event.name,
    data: JSON.parse(event.data),
    timestamp: formatTimestamp(event.occurredAt),
    received_at: formatTimestamp(event.receivedAt),
    id: event.id,
    ...(event.visitor === null ? {} : { visitor_id: event.visitor }),
    ...(event.context === null ? {} : { context: JSON.parse(event.context) }),
    ...(event.extra === null ? {} : { extra: JSON.parse(event.extra) }),
  };
}
