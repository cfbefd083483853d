import { logFailure } from "../http/log";
import { NO_SNIFFING } from "../http/no-sniffing";
import { Refusal } from "../http/problem";
import { queueRefusal } from "../http/queue-refusal";
import { readBodyOfLines } from "../http/request/body";
import { utf8Bytes } from "../model/event/event";
import { eventIdOf } from "../model/event/event-id";
import { jsonText } from "../model/json/json-text";
import { MAX_BODY_BYTES, MAX_EVENTS_PER_REQUEST } from "../model/limits";
import { cloudEventsOf } from "./dialects/cloudevents";
import { idempotencyKeyOf, requestIdOf } from "./event-ids";
import { messageAsSent, type WrittenMessage } from "./message-as-sent";
import { groupForSending, type PackedMessage, pack, type Receipt } from "./pack";
import { type ParsedEvents, parseBodyOfLines } from "./parse-events";
import type { ReceiptClock } from "./receipt-clock";

export interface CollectorSources {
  /** The application whose key sent the request. */
  application: string;
  queue: Pick<Queue, "send" | "sendBatch">;
  clock: ReceiptClock;
}

/**
 * `POST /theeye/events`: accepts the events of a request and answers 202 `{accepted, ids}`, ids in the order sent,
 * after the queue has durably stored them all. It refuses only invalid requests; events are validated later. It uses no
 * database and no session object.
 *
 * If a request needs several sends and a later one fails, the answer is a refusal although the earlier ones were
 * accepted. When the client sends the request again, events with a client's id or with the same `Idempotency-Key` are
 * recognised; without either, the events that were accepted the first time are stored twice.
 */
export async function collect(request: Request, sources: CollectorSources): Promise<Response | Refusal> {
  const idempotencyKey = idempotencyKeyOf(request);
  if (idempotencyKey instanceof Refusal) return idempotencyKey;
  const body = await readBodyOfLines(request);
  if (body instanceof Refusal) return body;
  const cloudEvents = cloudEventsOf(request.headers, body.text);
  if (cloudEvents !== null) {
    if (body.notUtf8 !== null) return new Refusal("invalid_json", `${body.notUtf8}.`);
    const ids = await acceptEvents(cloudEvents, sources, idempotencyKey);
    return ids instanceof Refusal ? ids : accepted(ids);
  }
  const parsed = parseBodyOfLines(body, request.headers.get("Content-Type"));
  if (parsed instanceof Refusal) return parsed;

  const { events } = parsed;
  const { application } = sources;
  const id = requestIdOf(application, idempotencyKey, events);
  const ids = events.map((event, position) => eventIdOf(event, id, position));
  const receipt = { application, received_at: sources.clock(events.length) };
  const refusal = await send(messagesOf(parsed, body.bytes, id, receipt), sources.queue);
  return refusal ?? accepted(ids);
}

/** All headers are set at construction, since setting one afterwards costs more than the response itself. */
const ACCEPTED = { status: 202, headers: { "Content-Type": "application/json", ...NO_SNIFFING } };

function accepted(ids: readonly string[]): Response {
  return new Response(JSON.stringify({ accepted: ids.length, ids }), ACCEPTED);
}

/**
 * Sends events that were mapped from another format to the queue.
 *
 * @returns their ids in order; or a refusal, if the queue refuses them or there are too many or none
 */
export async function acceptEvents(
  events: unknown[],
  { application, queue, clock }: CollectorSources,
  idempotencyKey: string | null,
): Promise<string[] | Refusal> {
  if (events.length === 0) return new Refusal("empty_batch", "The body contains no event.");
  if (events.length > MAX_EVENTS_PER_REQUEST) {
    const members = { limit: MAX_EVENTS_PER_REQUEST, actual: events.length };
    return new Refusal(
      "too_many_events",
      `A request may contain at most ${members.limit} events; this one contains ${members.actual}.`,
      members,
    );
  }
  const id = requestIdOf(application, idempotencyKey, events);
  const ids = events.map((event, position) => eventIdOf(event, id, position));
  const receipt = { application, received_at: clock(events.length) };
  const json = writtenWithin(MAX_MAPPED_BYTES, events);
  if (json === null) {
    const members = { limit: MAX_MAPPED_BYTES };
    return new Refusal(
      "payload_too_large",
      "The members that apply to the whole request are too large to be stored with each event.",
      members,
    );
  }
  return (await send(messagesOf({ events, json }, utf8Bytes(json), id, receipt), queue)) ?? ids;
}

/**
 * Bytes of the events that are mapped from one request. Members of the whole request, such as the time of sending, are
 * copied to each event: 900 KB in one member became 450 MB. A larger request is refused. Numbers written in full can
 * already make a body 5.5 times as large.
 */
const MAX_MAPPED_BYTES = 6 * MAX_BODY_BYTES;

/** The events as the text of one JSON array, or null if it would have more bytes than the limit. */
function writtenWithin(limit: number, events: readonly unknown[]): string | null {
  const texts: string[] = [];
  let bytes = 0;
  for (const event of events) {
    const text = jsonText(event);
    bytes += utf8Bytes(text) + 1;
    if (bytes > limit) return null;
    texts.push(text);
  }
  return `[${texts.join(",")}]`;
}

type Message = PackedMessage | WrittenMessage;

function messagesOf(parsed: ParsedEvents, bytes: number, id: string, receipt: Receipt): Message[] {
  const asSent = messageAsSent(parsed, bytes, id, receipt);
  return asSent === null ? pack({ id, events: parsed.events }, receipt, bytes) : [asSent];
}

function textOf(message: Message): string {
  return "text" in message ? message.text : jsonText(message.envelope);
}

/** Sends one group after another and stops at the first failure. */
async function send(messages: readonly Message[], queue: CollectorSources["queue"]): Promise<Refusal | null> {
  let sent = 0;
  try {
    for (const group of groupForSending(messages)) {
      const [first] = group;
      // Sent as text, so that the consumer can parse a batch in slices; see pipeline/batch-slices.ts.
      if (group.length === 1 && first !== undefined) await queue.send(textOf(first), { contentType: "text" });
      else await queue.sendBatch(group.map((message) => ({ body: textOf(message), contentType: "text" })));
      sent += group.length;
    }
    return null;
  } catch (error) {
    logFailure("queue_refused", error);
    if (sent === 0) return queueRefusal(error);
    return new Refusal(
      "unavailable",
      "The queue accepted a part of the request. Send the whole request again with the same `Idempotency-Key` or event ids; events without either may be stored twice.",
    );
  }
}
