import { createHash } from "node:crypto";
import {
  type AcceptedEvent,
  acceptedEvents,
  type Envelope,
  type PartEnvelope,
  type RequestEnvelope,
} from "../model/envelope";
import { sessionIdOf, utf8Bytes } from "../model/event/event";
import { jsonText } from "../model/json/json-text";
import { isNestedDeeper, nestingOf } from "../model/json/nesting";
import {
  MAX_MESSAGE_BYTES,
  MAX_MESSAGES_PER_SEND,
  MAX_NESTING_LEVELS,
  MAX_PART_CHARACTERS,
  MAX_SEND_BYTES,
  MAX_SESSIONS_PER_MESSAGE,
} from "../model/limits";
import { firstFit } from "./first-fit";
import { previewOf } from "./truncated-preview";

/** An envelope with its size as UTF-8 JSON, or an upper bound of it. */
export interface PackedMessage {
  envelope: Envelope;
  bytes: number;
}

/** The data that the events of one request share. */
export interface Receipt {
  application: string;
  /** Microseconds since 1970. */
  received_at: number;
}

/**
 * A body of at most this size always fits one message, so nothing need be measured. Serialised again, JSON grows only
 * by its numbers, at worst `1e20` to 21 digits, less than 5.5 times.
 */
export const SMALL_BODY_BYTES = 20_000;

/**
 * Packs the events of a request into as few queue messages as the limits allow, and measures each event at most once.
 *
 * Usually that is one message, with the request as it came. Otherwise the events of a session share one message if they
 * fit, or as few messages as they need. Every message keeps the order of the request. At most MAX_SESSIONS_PER_MESSAGE
 * sessions share a message. An event that is too large for a message, or nested too deeply, is split into pieces of its
 * text.
 *
 * @param bodyBytes the size of the JSON that the events came from
 */
export function pack(request: RequestEnvelope["request"], receipt: Receipt, bodyBytes: number): PackedMessage[] {
  const head = { v: 1 as const, ...receipt };
  const whole = { ...head, request };
  const isDeep = request.events.some((event) => isNestedDeeper(event, MAX_NESTING_LEVELS));
  // A malformed line is longer as a string than in the body: a control character takes six bytes.
  const hasTexts = request.events.some((event) => typeof event === "string");
  if (!isDeep && !hasTexts && bodyBytes <= SMALL_BODY_BYTES && request.events.length <= MAX_SESSIONS_PER_MESSAGE) {
    return [{ envelope: whole, bytes: MAX_MESSAGE_BYTES }];
  }
  const empty = utf8Bytes(JSON.stringify({ ...head, events: [] }));
  const room = MAX_MESSAGE_BYTES - empty;

  const pieces: PackedMessage[] = [];
  const sessions = new Map<string, Measured[]>();
  const groups: Group[] = [];
  let wholeBytes = utf8Bytes(JSON.stringify({ ...whole, request: { ...request, events: [] } }));
  for (const accepted of acceptedEvents(whole)) {
    const text = jsonText(accepted.event);
    const eventBytes = utf8Bytes(text);
    const bytes = eventBytes + utf8Bytes(JSON.stringify({ id: accepted.id, position: accepted.position, event: 0 }));
    wholeBytes += eventBytes + 1;
    const isTooDeep = isDeep && isNestedDeeper(accepted.event, MAX_NESTING_LEVELS);
    if (bytes > room || isTooDeep) {
      const levels = isTooDeep ? nestingOf(text) : 0;
      pieces.push(...split(accepted, text, { bytes: eventBytes, levels }, head));
      continue;
    }
    const session = sessionIdOf(accepted.event);
    // An event without a valid session can share any message, so it does not count as a session.
    if (session === null) groups.push({ events: [accepted], bytes, sessions: 0 });
    else append(sessions, session, { accepted, bytes });
  }
  if (pieces.length === 0 && wholeBytes <= MAX_MESSAGE_BYTES && sessions.size <= MAX_SESSIONS_PER_MESSAGE) {
    return [{ envelope: whole, bytes: wholeBytes }];
  }
  for (const session of sessions.values()) groups.push(...groupsOf(session, room));

  // First-fit packs best when the largest come first.
  groups.sort((a, b) => b.bytes - a.bytes);
  const messages = firstFit(groups, copyOf, (bin, group) => merge(bin, group, room)).map((bin) => ({
    // A bin can hold two groups of one session with others between them.
    envelope: { ...head, events: bin.events.sort((a, b) => a.position - b.position) },
    bytes: empty + bin.bytes,
  }));
  return [...messages, ...pieces];
}

/** Divides messages into groups, each within the limits of one `sendBatch`. */
export function groupForSending<Message extends { bytes: number }>(messages: readonly Message[]): Message[][] {
  interface Sending {
    messages: Message[];
    bytes: number;
  }
  const open = (message: Message): Sending => ({ messages: [message], bytes: message.bytes });
  const tryPut = (sending: Sending, message: Message): boolean => {
    if (sending.messages.length >= MAX_MESSAGES_PER_SEND || sending.bytes + message.bytes > MAX_SEND_BYTES)
      return false;
    sending.messages.push(message);
    sending.bytes += message.bytes;
    return true;
  };
  return firstFit(messages, open, tryPut).map((sending) => sending.messages);
}

interface Measured {
  accepted: AcceptedEvent;
  /** The size of its entry in an envelope, including the comma. */
  bytes: number;
}

/** Events that share a message. */
interface Group {
  events: AcceptedEvent[];
  bytes: number;
  sessions: number;
}

function append(sessions: Map<string, Measured[]>, session: string, event: Measured): void {
  const known = sessions.get(session);
  if (known === undefined) sessions.set(session, [event]);
  else known.push(event);
}

/** Divides a session's events, in order, into as few groups as fit one message each. */
function groupsOf(session: readonly Measured[], room: number): Group[] {
  const groups: Group[] = [];
  let open: Group | undefined;
  for (const { accepted, bytes } of session) {
    if (open !== undefined && open.bytes + bytes <= room) {
      open.events.push(accepted);
      open.bytes += bytes;
    } else {
      open = { events: [accepted], bytes, sessions: 1 };
      groups.push(open);
    }
  }
  return groups;
}

function copyOf(group: Group): Group {
  return { ...group, events: [...group.events] };
}

function merge(bin: Group, group: Group, room: number): boolean {
  if (bin.bytes + group.bytes > room || bin.sessions + group.sessions > MAX_SESSIONS_PER_MESSAGE) return false;
  for (const accepted of group.events) bin.events.push(accepted);
  bin.bytes += group.bytes;
  bin.sessions += group.sessions;
  return true;
}

/**
 * Splits an event into pieces, each in its own message. No piece waits for another, and each alone gives the verdict.
 */
function split(
  { id, position, event }: AcceptedEvent,
  text: string,
  size: { bytes: number; levels: number },
  head: Pick<PartEnvelope, "v" | "application" | "received_at">,
): PackedMessage[] {
  const preview = previewOf(event);
  const digest = createHash("sha256").update(text).digest("base64url");
  const texts = cut(text, MAX_PART_CHARACTERS);
  return texts.map((piece, part) => {
    const envelope: PartEnvelope = {
      ...head,
      oversized: { id, position, ...size, digest, preview, part, parts: texts.length, text: piece },
    };
    return { envelope, bytes: utf8Bytes(JSON.stringify(envelope)) };
  });
}

/** Cuts a text into pieces of at most `length` characters, never within a surrogate pair. */
function cut(text: string, length: number): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < text.length; ) {
    let end = Math.min(start + length, text.length);
    if (end < text.length && /[\uD800-\uDBFF]/.test(text.charAt(end - 1))) end--;
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}
