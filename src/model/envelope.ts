import * as v from "valibot";
import { eventIdOf } from "./event/event-id";

/**
 * Queue messages: the events that the edge accepted, with what only the edge knows. They have a version, since messages
 * outlive the deployment that sent them. The consumer parses them as untrusted input.
 */

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** One accepted event, exactly as the client sent it, whatever JSON value that is. */
export const AcceptedEventSchema = v.object({
  /** The client's id, or the one that the edge gave it. */
  id: v.string(),
  /** The event's position in its request, from 0. */
  position: count,
  event: v.unknown(),
});

const shared = {
  v: v.literal(1),
  /** The application whose key sent the request. */
  application: v.string(),
  /** When the edge received the request, in microseconds since 1970; see `receivedAt`. */
  received_at: count,
};

/**
 * All events of a request in order, as the client sent them. Nearly every message is one. Ids and positions are
 * derived.
 */
const RequestEnvelopeSchema = v.object({
  ...shared,
  // Not v.array(v.unknown()), which copies the array, item by item.
  request: v.object({ id: v.pipe(v.string(), v.uuid()), events: v.custom<unknown[]>(Array.isArray) }),
});

/** Some of the events of a request that needs several messages. */
const EventsEnvelopeSchema = v.object({ ...shared, events: v.array(AcceptedEventSchema) });

/**
 * A piece of an event that is too large for one message, or nested so deeply that it must travel as text. Such an event
 * always ends in the errors table, where its pieces are joined; no piece waits for another. `preview` is the event with
 * its long values cut, so each piece alone gives the same verdict.
 */
const PartEnvelopeSchema = v.object({
  ...shared,
  oversized: v.object({
    id: v.string(),
    position: count,
    bytes: count,
    levels: count,
    /** Digest of the whole text, which distinguishes events with the same preview. */
    digest: v.string(),
    preview: v.unknown(),
    part: count,
    parts: count,
    text: v.string(),
  }),
});

export const EnvelopeSchema = v.union([RequestEnvelopeSchema, EventsEnvelopeSchema, PartEnvelopeSchema]);

export type AcceptedEvent = v.InferOutput<typeof AcceptedEventSchema>;
export type RequestEnvelope = v.InferOutput<typeof RequestEnvelopeSchema>;
export type EventsEnvelope = v.InferOutput<typeof EventsEnvelopeSchema>;
export type PartEnvelope = v.InferOutput<typeof PartEnvelopeSchema>;
export type Envelope = v.InferOutput<typeof EnvelopeSchema>;

/** The events of an envelope, each with its id and position. */
export function acceptedEvents(envelope: RequestEnvelope | EventsEnvelope): AcceptedEvent[] {
  if ("events" in envelope) return envelope.events;
  const { id, events } = envelope.request;
  return events.map((event, position) => ({ id: eventIdOf(event, id, position), position, event }));
}

/**
 * An event's time of receipt: that of its request, plus one microsecond for each position in the request. The edge's
 * clock has milliseconds; the microseconds keep the order of receipt, so (timestamp, receipt) orders a session.
 */
export function receivedAt(envelope: { received_at: number }, accepted: { position: number }): number {
  return envelope.received_at + accepted.position;
}
