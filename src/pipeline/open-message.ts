import * as v from "valibot";
import type { Issue } from "../model/codes";
import {
  acceptedEvents,
  EnvelopeSchema,
  type EventsEnvelope,
  type PartEnvelope,
  type RequestEnvelope,
  receivedAt,
} from "../model/envelope";
import { isJsonObject, sessionIdOf } from "../model/event";
import { jsonText } from "../model/json-text";
import { MAX_ID_CHARACTERS, MAX_NAME_CHARACTERS } from "../model/limits";
import type { Micros } from "../model/time";
import { checkEvent } from "../rules/check-event";
import type { RulesInForce } from "../rules/rules-in-force";
import type { ErrorRow, PartRow } from "../storage/rows";
import { errorId, fingerprint } from "./fingerprint";
import type { Arrival } from "./session-protocol";

/** What a queue message holds: arrivals for sessions, and failures that no session has to decide. */
export interface OpenedMessage {
  /** `event` is the arrival's text as it was before. */
  arrivals: { session: string; arrival: Arrival; event: unknown }[];
  errors: ErrorRow[];
  parts: PartRow[];
}

export interface Opening {
  /** When the queue took the message, for one that does not tell when its events were received. */
  queuedAt: Micros;
  /** The message's id, which stays the same on redelivery. */
  messageId: string;
  futureToleranceMicros: number;
  rules: Pick<RulesInForce, "at">;
}

/** The receipts of a message's events, whose rules it takes to open it; none where it is no envelope. */
export function receiptsOf(body: unknown): Micros[] {
  const envelope = v.safeParse(EnvelopeSchema, body);
  if (!envelope.success) return [];
  if ("oversized" in envelope.output) return [receivedAt(envelope.output, envelope.output.oversized)];
  return acceptedEvents(envelope.output).map((accepted) => receivedAt(envelope.output, accepted));
}

/** Reads a message as a stranger's input. Every event in it comes out exactly once. */
export function openMessage(body: unknown, opening: Opening): OpenedMessage {
  const envelope = v.safeParse(EnvelopeSchema, body);
  if (!envelope.success)
    return { arrivals: [], errors: [poison(body, opening, envelope.issues[0].message)], parts: [] };
  return "oversized" in envelope.output ? openPart(envelope.output, opening) : openEvents(envelope.output, opening);
}

function openEvents(envelope: RequestEnvelope | EventsEnvelope, opening: Opening): OpenedMessage {
  const opened: OpenedMessage = { arrivals: [], errors: [], parts: [] };
  for (const accepted of acceptedEvents(envelope)) {
    const arrival: Arrival = {
      id: accepted.id,
      application: envelope.application,
      receivedAt: receivedAt(envelope, accepted),
      text: jsonText(accepted.event),
    };
    const session = sessionIdOf(accepted.event);
    if (session !== null) {
      opened.arrivals.push({ session, arrival, event: accepted.event });
      continue;
    }
    // Without a session nothing but the event itself can decide, and its verdict is certain.
    const rules = opening.rules.at(arrival.receivedAt);
    const verdict = checkEvent(accepted.event, { ...opening, rules, receivedAt: arrival.receivedAt });
    // No session vouches that an id means one event: whatever differs at all is another failure.
    const id = errorId(null, arrival.id, fingerprint([envelope.application, JSON.parse(arrival.text)]));
    opened.errors.push(errorRow(id, arrival, verdict.valid ? [] : verdict.issues, accepted.event));
  }
  return opened;
}

function openPart(envelope: PartEnvelope, opening: Opening): OpenedMessage {
  const { id, bytes, levels, digest, outline, part, parts, text } = envelope.oversized;
  const receipt = receivedAt(envelope, envelope.oversized);
  const verdict = checkEvent(outline, {
    ...opening,
    ...{ rules: opening.rules.at(receipt), receivedAt: receipt, bytes, levels },
  });
  const identity = errorId(sessionIdOf(outline), id, digest);
  const arrival: Arrival = { id, application: envelope.application, receivedAt: receipt, text: "" };
  const row = errorRow(identity, arrival, verdict.valid ? [] : verdict.issues, outline);
  return {
    arrivals: [],
    errors: [{ ...row, content: null, parts }],
    parts: [{ errorId: identity, part, content: text }],
  };
}

/** The row of a failed event, with its columns as far as the event has them as text. */
export function errorRow(
  id: string,
  arrival: { id: string; application: string; receivedAt: Micros; text: string },
  issues: Issue[],
  event: unknown,
): ErrorRow {
  const members = isJsonObject(event) ? event : {};
  return {
    id,
    receivedAt: arrival.receivedAt,
    application: arrival.application,
    session: textOf(members.session_id, MAX_ID_CHARACTERS),
    category: textOf(members.category, MAX_NAME_CHARACTERS),
    name: textOf(members.name, MAX_NAME_CHARACTERS),
    eventId: arrival.id,
    issues,
    content: arrival.text,
    parts: 0,
  };
}

function textOf(value: unknown, maxCharacters: number): string | null {
  return typeof value === "string" && value.length <= maxCharacters && value.isWellFormed() ? value : null;
}

/** The checker's reason may repeat all that it found. */
const MAX_REASON_CHARACTERS = 120;

/** A message that is not an envelope of ours, or one of a version that this deployment does not know. */
function poison(body: unknown, { queuedAt, messageId }: Opening, reason: string): ErrorRow {
  const message = `the queue message is not an envelope of version 1: ${reason.slice(0, MAX_REASON_CHARACTERS)}`;
  const text = contentOf(body);
  const arrival = { id: messageId, application: "", receivedAt: queuedAt, text };
  const issues: Issue[] = [{ code: "delivery_failed", path: "", message }];
  const claimed = isJsonObject(body) ? textOf(body.application, MAX_NAME_CHARACTERS) : null;
  return { ...errorRow(errorId(null, messageId, fingerprint(text)), arrival, issues, null), application: claimed };
}

/** Whatever a message holds, as JSON text. Queues carry bytes and structured clones too. */
function contentOf(body: unknown): string {
  if (body instanceof ArrayBuffer) return JSON.stringify({ base64: Buffer.from(body).toString("base64") });
  try {
    return jsonText(body);
  } catch {
    return JSON.stringify(String(body));
  }
}
