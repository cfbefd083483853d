import * as v from "valibot";
import type { Issue } from "../model/codes";
import {
  type AcceptedEvent,
  acceptedEvents,
  type Envelope,
  EnvelopeSchema,
  type EventsEnvelope,
  type PartEnvelope,
  type RequestEnvelope,
  receivedAt,
} from "../model/envelope";
import { isJsonObject, sessionIdOf } from "../model/event/event";
import { errorId, fingerprint } from "../model/event/fingerprint";
import { jsonText } from "../model/json/json-text";
import { MAX_ID_CHARACTERS, MAX_NAME_CHARACTERS } from "../model/limits";
import type { Micros } from "../model/time/time";
import { checkEvent } from "../rules/check-event";
import type { RulesInForce } from "../rules/rules-in-force";
import type { IncomingEvent } from "../session/session-protocol";
import type { ErrorRow } from "../storage/write/rows";
import type { PlacedError, ReadEvent } from "./place-rows";

/** The content of a queue message: events for sessions, and failures that need no session. */
export interface OpenedMessage {
  incomingEvents: (ReadEvent & { session: string })[];
  errors: PlacedError[];
}

/**
 * A message with untrusted content. Its id stays the same on redelivery, and its timestamp is the time of receipt of a
 * malformed message.
 */
export type QueuedMessage = Pick<Message<unknown>, "body" | "id" | "timestamp">;

/** A parsed message: an envelope, or the error if it is malformed. */
export type ReadMessage = { envelope: Envelope } | { malformed: PlacedError };

/**
 * Parses a message as untrusted input. Messages are queued as text, so that a batch can be parsed in slices; see
 * batch-slices.ts.
 */
export function readMessage(message: QueuedMessage): ReadMessage {
  const body = parsed(message.body);
  const envelope = v.safeParse(EnvelopeSchema, body);
  return envelope.success
    ? { envelope: envelope.output }
    : { malformed: malformed(message, envelope.issues[0].message, body) };
}

function parsed(body: unknown): unknown {
  if (typeof body !== "string") return body;
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

/** When the events of a message were received. They are validated by the rules in force at these times. */
export function receiptsOf(message: ReadMessage): Micros[] {
  if (!("envelope" in message)) return [];
  const { envelope } = message;
  if ("request" in envelope) return envelope.request.events.map((_, position) => receivedAt(envelope, { position }));
  const events = "oversized" in envelope ? [envelope.oversized] : envelope.events;
  return events.map((accepted) => receivedAt(envelope, accepted));
}

export interface Terms {
  futureToleranceMicros: number;
  rules: RulesInForce;
}

/** Divides a message into its events. Each event is returned exactly once. */
export function openMessage(message: ReadMessage, terms: Terms): OpenedMessage {
  if ("malformed" in message) return { incomingEvents: [], errors: [message.malformed] };
  const { envelope } = message;
  return "oversized" in envelope ? openPart(envelope, terms) : openEvents(envelope, terms);
}

function openEvents(envelope: RequestEnvelope | EventsEnvelope, terms: Terms): OpenedMessage {
  const opened: OpenedMessage = { incomingEvents: [], errors: [] };
  let session: string | null = null;
  for (const accepted of acceptedEvents(envelope)) {
    const { event } = accepted;
    const incoming = incomingEventOf(envelope, accepted);
    // Consecutive events usually share a session, whose id then need not be validated again.
    if (session === null || !isJsonObject(event) || event.session_id !== session) session = sessionIdOf(event);
    if (session !== null) {
      opened.incomingEvents.push({ session, incoming, event });
      continue;
    }
    // An event without a valid session always fails, so no session object is needed.
    const { receivedAt: receipt } = incoming;
    const verdict = checkEvent(event, { ...terms, rules: terms.rules.at(receipt), receivedAt: receipt });
    const issues = verdict.valid ? [] : verdict.issues;
    opened.errors.push(sessionlessError(incoming, event, issues, verdict.occurredAt));
  }
  return opened;
}

/** Divides a message without validating its events: every event without a session is marked undeliverable. */
export function openUnchecked(message: ReadMessage, reason: string): OpenedMessage {
  if ("malformed" in message) return { incomingEvents: [], errors: [message.malformed] };
  const { envelope } = message;
  const issues = [deliveryFailed(reason)];
  if ("oversized" in envelope) return { incomingEvents: [], errors: [partError(envelope, issues, null)] };
  const opened: OpenedMessage = { incomingEvents: [], errors: [] };
  for (const accepted of acceptedEvents(envelope)) {
    const incoming = incomingEventOf(envelope, accepted);
    const session = sessionIdOf(accepted.event);
    if (session !== null) opened.incomingEvents.push({ session, incoming, event: accepted.event });
    else opened.errors.push(sessionlessError(incoming, accepted.event, issues, null));
  }
  return opened;
}

/** The issue of an event that was marked undeliverable. */
export function deliveryFailed(reason: string): Issue {
  return { code: "delivery_failed", path: "", message: `marked undeliverable after repeated delivery: ${reason}` };
}

function incomingEventOf(envelope: RequestEnvelope | EventsEnvelope, accepted: AcceptedEvent): IncomingEvent {
  return {
    id: accepted.id,
    application: envelope.application,
    receivedAt: receivedAt(envelope, accepted),
    text: jsonText(accepted.event),
  };
}

/** Without a session, an id does not identify an event, so any difference in content makes another error. */
function sessionlessError(
  incoming: IncomingEvent,
  event: unknown,
  issues: Issue[],
  occurredAt: Micros | null,
): PlacedError {
  const id = errorId(null, incoming.id, fingerprint([incoming.application, JSON.parse(incoming.text)]));
  return { row: errorRow(id, incoming, issues, event), moment: occurredAt ?? incoming.receivedAt, parts: [] };
}

function openPart(envelope: PartEnvelope, terms: Terms): OpenedMessage {
  const { bytes, levels, preview } = envelope.oversized;
  const receipt = receivedAt(envelope, envelope.oversized);
  const rules = terms.rules.at(receipt);
  const verdict = checkEvent(preview, { ...terms, rules, receivedAt: receipt, bytes, levels });
  return { incomingEvents: [], errors: [partError(envelope, verdict.valid ? [] : verdict.issues, verdict.occurredAt)] };
}

function partError(envelope: PartEnvelope, issues: Issue[], occurredAt: Micros | null): PlacedError {
  const { id, digest, preview, part, parts, text } = envelope.oversized;
  const receipt = receivedAt(envelope, envelope.oversized);
  const identity = errorId(sessionIdOf(preview), id, digest);
  const row = errorRow(
    identity,
    { id, application: envelope.application, receivedAt: receipt, text: "" },
    issues,
    preview,
  );
  return {
    row: { ...row, content: null, parts },
    moment: occurredAt ?? receipt,
    parts: [{ errorId: identity, part, content: text }],
  };
}

/** The row of a failed event. A column is null if the event's member is not a text of valid length. */
export function errorRow(
  id: string,
  incoming: { id: string; application: string; receivedAt: Micros; text: string },
  issues: Issue[],
  event: unknown,
): ErrorRow {
  const members = isJsonObject(event) ? event : {};
  return {
    id,
    receivedAt: incoming.receivedAt,
    application: incoming.application,
    session: textOf(members.session_id, MAX_ID_CHARACTERS),
    category: textOf(members.category, MAX_NAME_CHARACTERS),
    name: textOf(members.name, MAX_NAME_CHARACTERS),
    eventId: incoming.id,
    issues,
    content: incoming.text,
    parts: 0,
    visitor: textOf(members.visitor_id, MAX_ID_CHARACTERS),
  };
}

function textOf(value: unknown, maxCharacters: number): string | null {
  return typeof value === "string" && value.length <= maxCharacters && value.isWellFormed() ? value : null;
}

/** The validator's reason may repeat the whole input. */
const MAX_REASON_CHARACTERS = 120;

/** The error for a message that is not an envelope, or has a version that this deployment does not know. */
function malformed({ timestamp, id: messageId }: QueuedMessage, reason: string, body: unknown): PlacedError {
  const message = `the queue message is not an envelope of version 1: ${reason.slice(0, MAX_REASON_CHARACTERS)}`;
  const text = contentOf(body);
  const queuedAt = timestamp.getTime() * 1000;
  const incoming = { id: messageId, application: "", receivedAt: queuedAt, text };
  const issues: Issue[] = [{ code: "delivery_failed", path: "", message }];
  const claimed = isJsonObject(body) ? textOf(body.application, MAX_NAME_CHARACTERS) : null;
  const row = errorRow(errorId(null, messageId, fingerprint(text)), incoming, issues, null);
  return { row: { ...row, application: claimed }, moment: queuedAt, parts: [] };
}

/** A message's body as JSON text. Queues can also deliver bytes and structured clones. */
function contentOf(body: unknown): string {
  if (body instanceof ArrayBuffer) return JSON.stringify({ base64: Buffer.from(body).toString("base64") });
  try {
    return jsonText(body);
  } catch {
    return JSON.stringify(String(body));
  }
}
