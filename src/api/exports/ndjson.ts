import { formatTimestamp } from "../../model/time/time";
import type { FoundEvent } from "../../storage/events/find-events";

/** An event as a line of NDJSON, with the members of `GET /theeye/events`. JSON text is copied without parsing it. */
export function ndjsonLine(event: FoundEvent): string {
  const { session, application, category, name, data, occurredAt, receivedAt, id, visitor, context, extra } = event;
  return (
    `{"session_id":${JSON.stringify(session)},"application":${JSON.stringify(application)}` +
    `,"category":${JSON.stringify(category)},"name":${JSON.stringify(name)},"data":${data}` +
    `,"timestamp":"${formatTimestamp(occurredAt)}","received_at":"${formatTimestamp(receivedAt)}"` +
    `,"id":${JSON.stringify(id)}` +
    (visitor === null ? "" : `,"visitor_id":${JSON.stringify(visitor)}`) +
    (context === null ? "" : `,"context":${context}`) +
    (extra === null ? "" : `,"extra":${extra}`) +
    "}\n"
  );
}
