import { quotedText } from "../../model/json/quoted-text";
import { formatTimestamp } from "../../model/time/time";
import type { FoundEvent } from "../../storage/events/named-events";

/** An event as a line of NDJSON, with the members of `GET /theeye/events`. JSON text is copied without parsing it. */
export function ndjsonLine(event: FoundEvent): string {
  const { session, application, category, name, data, occurredAt, receivedAt, id, visitor, context, extra } = event;
  return (
    `{"session_id":${quotedText(session)},"application":${quotedText(application)}` +
    `,"category":${quotedText(category)},"name":${quotedText(name)},"data":${data}` +
    `,"timestamp":"${formatTimestamp(occurredAt)}","received_at":"${formatTimestamp(receivedAt)}"` +
    `,"id":${quotedText(id)}` +
    (visitor === null ? "" : `,"visitor_id":${quotedText(visitor)}`) +
    (context === null ? "" : `,"context":${context}`) +
    (extra === null ? "" : `,"extra":${extra}`) +
    "}\n"
  );
}
