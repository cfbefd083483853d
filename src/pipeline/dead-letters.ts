import { errorId, fingerprint } from "../model/event/fingerprint";
import { findKnownErrors } from "../storage/write/known-errors";
import { divideBatch } from "./batch-parts";
import { markUndeliverable } from "./mark-undeliverable";
import {
  NOTHING_COUNTED,
  type Pipeline,
  type Processed,
  processBatch,
  sumCounts,
  type Undelivered,
} from "./process-batch";
import { type OpenedMessage, openUnchecked, readMessage } from "./read-message";
import { endsInvocations, mustRenew, waitedBy } from "./retry-policy";
import { type Piece, writePieces } from "./write-pieces";

/** Attempts to process a dead letter before its events are marked undeliverable. */
const ATTEMPTS_BEFORE_UNDELIVERABLE = 3;

/**
 * A message that has been delivered this often is first sent again as a new message. The platform would delete it after
 * its last retry (wrangler.toml: 100), and the queue of dead letters has no dead-letter queue.
 */
const RESCUE_AT_ATTEMPT = 80;

/** Dead letters wait between one minute and one hour between two attempts. */
const MAX_DELAY_SECONDS = 3_600;

/**
 * Consumes dead letters, the last resort. Their events are processed again as usual. An event that still fails becomes
 * a `delivery_failed` error with its whole content, unless it is already stored. The message is acknowledged only when
 * every event in it is in one of the two tables.
 *
 * A dead letter that crashed earlier invocations is not processed: its events become errors without validation.
 */
export async function consumeDeadLetters(batch: MessageBatch<unknown>, pipeline: Pipeline): Promise<void> {
  const { messages } = batch;
  for (const message of messages.filter(isAlmostDeleted)) await renew(message, pipeline);
  const rest = messages.filter((message) => !isAlmostDeleted(message));
  const suspects = rest.filter(endsInvocations);
  const others = rest.filter((message) => !endsInvocations(message));

  const total = { counts: NOTHING_COUNTED, undeliverable: 0, waiting: 0 };
  for (const message of suspects) {
    const { waiting, undeliverable } = await markAllUndeliverable(message, pipeline);
    total.undeliverable += undeliverable;
    total.waiting += await resolve([message], waiting, pipeline);
  }
  for (const places of divideBatch(others)) {
    const part = places.flatMap((place) => others[place] ?? []);
    const { waiting, undeliverable, counts } = await process(part, pipeline);
    total.counts = sumCounts(total.counts, counts);
    total.undeliverable += undeliverable;
    total.waiting += await resolve(part, waiting, pipeline);
  }
  pipeline.log({
    log: "dead_letters",
    queue: batch.queue,
    messages: messages.length,
    ...total.counts,
    undeliverable: total.undeliverable,
    waiting: total.waiting,
  });
}

function isAlmostDeleted({ attempts }: Message<unknown>): boolean {
  return attempts >= RESCUE_AT_ATTEMPT;
}

/** Sends the body as a new message, whose attempts and age start at zero. */
async function renew(message: Message<unknown>, pipeline: Pipeline): Promise<void> {
  await pipeline.sendDeadLetter(message.body);
  message.ack();
}

/** @returns the number of messages that wait */
async function resolve(
  messages: readonly Message<unknown>[],
  waiting: ReadonlySet<number>,
  pipeline: Pipeline,
): Promise<number> {
  for (const [place, message] of messages.entries()) {
    if (!waiting.has(place)) message.ack();
    else if (mustRenew(waitedBy(message, pipeline.now())) && !endsInvocations(message)) await renew(message, pipeline);
    else message.retry({ delaySeconds: Math.min(MAX_DELAY_SECONDS, 60 * message.attempts) });
  }
  return waiting.size;
}

interface ProcessedDeadLetters {
  /** Indexes of the messages that must be redelivered. */
  waiting: Set<number>;
  undeliverable: number;
  counts: Processed["counts"];
}

async function process(messages: readonly Message<unknown>[], pipeline: Pipeline): Promise<ProcessedDeadLetters> {
  const { undelivered, counts } = await processBatch(messages, pipeline, (opened) => withoutKnown(opened, pipeline));
  const waiting = new Set<number>();
  const pieces: Piece[] = [];
  for (const part of undelivered) {
    const piece = isHopeless(part, messages) ? await markUndeliverable(part, pipeline) : null;
    if (piece === null) for (const place of part.messages) waiting.add(place);
    else pieces.push(piece);
  }
  return { ...(await write(pieces, waiting, pipeline)), counts };
}

/** Writes the undeliverable events. Adds messages to `waiting` if a part of them could not be written. */
async function write(pieces: Piece[], waiting: Set<number>, pipeline: Pipeline) {
  const ready = withoutWaiting(pieces, waiting);
  for (const { piece } of (await writePieces(ready, pipeline)).failed) {
    for (const place of piece.messages) waiting.add(place);
  }
  return { waiting, undeliverable: ready.reduce((sum, { errors }) => sum + errors.length, 0) };
}

/** Marks all events of a message undeliverable unless they are stored, without validating them or calling a session. */
async function markAllUndeliverable(message: Message<unknown>, pipeline: Pipeline) {
  const reason = "the consumer repeatedly ran out of CPU time or memory while processing it";
  const { incomingEvents, errors } = openUnchecked(readMessage(message), reason);
  const messages = new Set([0]);
  const own = { messages, session: null, incomingEvents: [], events: [], errors, mayHold: false, copies: 0 };
  const pieces: Piece[] = errors.length === 0 ? [] : [own];
  const waiting = new Set<number>();
  for (const [session, read] of Map.groupBy(incomingEvents, (one) => one.session)) {
    const part = { messages, session, incomingEvents: read.map(({ incoming }) => incoming), reason };
    const piece = await markUndeliverable(part, pipeline);
    if (piece === null) waiting.add(0);
    else pieces.push(piece);
  }
  return write(pieces, waiting, pipeline);
}

/**
 * Leaves out events that are already stored as errors. If a crash came between marking an event undeliverable and the
 * acknowledgement, processing it now could store it in both tables.
 */
async function withoutKnown(
  opened: OpenedMessage[],
  { databases }: Pick<Pipeline, "databases">,
): Promise<OpenedMessage[]> {
  const identified = opened.map(({ incomingEvents, errors }) => ({
    errors,
    incomingEvents: incomingEvents.map((one) => ({
      one,
      error: errorId(one.session, one.incoming.id, fingerprint(one.event)),
    })),
  }));
  const known = await findKnownErrors(
    databases,
    identified.flatMap(({ incomingEvents }) => incomingEvents.map(({ error }) => error)),
  );
  return identified.map(({ incomingEvents, errors }) => ({
    errors,
    incomingEvents: incomingEvents.filter(({ error }) => !known.has(error)).map(({ one }) => one),
  }));
}

/**
 * Holds back the pieces of a message while another part of it waits. The message will be redelivered, so a piece that
 * was marked undeliverable could then succeed and be stored in both tables. Adds the messages that are held back to
 * `waiting`.
 */
function withoutWaiting(pieces: Piece[], waiting: Set<number>): Piece[] {
  const waits = ({ messages }: Piece) => [...messages].some((place) => waiting.has(place));
  for (let before = -1; before !== waiting.size; ) {
    before = waiting.size;
    for (const piece of pieces.filter(waits)) for (const place of piece.messages) waiting.add(place);
  }
  return pieces.filter((piece) => !waits(piece));
}

/**
 * Whether retrying cannot help. A part waits for a database that is unavailable or overloaded, since that database may
 * contain its events or has to store them.
 */
function isHopeless(part: Undelivered, batch: readonly Message<unknown>[]): boolean {
  if (part.session === null) return false;
  const attempts = Math.max(...[...part.messages].map((place) => batch[place]?.attempts ?? 1));
  return part.failure === "rejected" || (!part.waitsForDatabase && attempts >= ATTEMPTS_BEFORE_UNDELIVERABLE);
}
