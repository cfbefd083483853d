import { candidateDatabases, type Database, homeDatabase } from "../storage/databases";
import { loadHistories } from "../storage/session-history";
import { findSettledErrors } from "../storage/settled-errors";
import { openMessages, type Pipeline, type Processed, processBatch, readRules, type Undelivered } from "./consumer";
import { errorId, fingerprint, storedFingerprint } from "./fingerprint";
import { errorRow, type OpenedMessage } from "./open-message";
import type { Arrival } from "./session-protocol";
import { type Unit, writeUnits } from "./write-units";

/** How often a dead letter is taken through its sessions once more before its events are given up. */
const PATIENT_ATTEMPTS = 3;

/**
 * The platform deletes a message after its last retry (wrangler.toml: 100). Before that a dead letter is sent anew, so
 * that a database may be away for as long as it takes.
 */
const RENEW_AT_ATTEMPT = 90;

/** Dead letters wait from one minute to an hour between two attempts. */
const MAX_DELAY_SECONDS = 3_600;

/**
 * The last resort. What is in a dead letter is tried once more as usual; whatever still fails becomes a `delivery_failed`
 * error with its whole content, unless it turns out to be stored. The message is acknowledged only when every event in it
 * stands in one of the two tables.
 */
export async function consumeDeadLetters(batch: MessageBatch<unknown>, pipeline: Pipeline): Promise<void> {
  const { waiting, givenUp, counts } = await bringHome(batch.messages, pipeline);
  for (const [place, message] of batch.messages.entries()) {
    if (waiting.has(place) && message.attempts >= RENEW_AT_ATTEMPT) await pipeline.sendDeadLetter(message.body);
    if (waiting.has(place) && message.attempts < RENEW_AT_ATTEMPT) {
      message.retry({ delaySeconds: Math.min(MAX_DELAY_SECONDS, 60 * message.attempts) });
    } else {
      message.ack();
    }
  }
  pipeline.log({
    log: "dead_letters",
    queue: batch.queue,
    messages: batch.messages.length,
    ...counts,
    given_up: givenUp,
    waiting: waiting.size,
  });
}

interface BroughtHome {
  /** Places of the messages that must come again. */
  waiting: Set<number>;
  givenUp: number;
  counts: Partial<Processed["counts"]>;
}

async function bringHome(messages: readonly Message<unknown>[], pipeline: Pipeline): Promise<BroughtHome> {
  const rules = await readRules(messages, pipeline);
  const opened =
    "unreadable" in rules ? null : await withoutSettled(openMessages(messages, pipeline, rules), pipeline.databases);
  if (opened === null || "unreadable" in rules) return { waiting: new Set(messages.keys()), givenUp: 0, counts: {} };
  const { undelivered, counts } = await processBatch(opened, pipeline, rules);
  const waiting = new Set<number>();
  const units: Unit[] = [];
  for (const piece of undelivered) {
    const rows = isHopeless(piece, messages) ? await giveUp(piece, pipeline) : null;
    if (rows === null) for (const place of piece.messages) waiting.add(place);
    else units.push(rows);
  }
  const ready = withoutWaiting(units, waiting);
  for (const { unit } of await writeUnits(pipeline.databases, ready, pipeline.write)) {
    for (const place of unit.messages) waiting.add(place);
  }
  return { waiting, givenUp: ready.reduce((sum, { rows }) => sum + rows.errors.length, 0), counts };
}

/**
 * Leaves out what stands among the errors already. An event that was given up before a crash came between the write and
 * the acknowledgement might be decided otherwise now, and would stand in both tables. Null while a database cannot tell.
 */
async function withoutSettled(opened: OpenedMessage[], databases: Database[]): Promise<OpenedMessage[] | null> {
  const identified = opened.map(({ arrivals, ...message }) => ({
    ...message,
    arrivals: arrivals.map((one) => ({
      ...one,
      error: errorId(one.session, one.arrival.id, fingerprint(JSON.parse(one.arrival.text))),
    })),
  }));
  const ids = identified.flatMap(({ arrivals }) => arrivals.map(({ error }) => error));
  try {
    const settled = await findSettledErrors(databases, ids);
    return identified.map((message) => ({
      ...message,
      arrivals: message.arrivals.filter(({ error }) => !settled.has(error)),
    }));
  } catch {
    return null;
  }
}

/**
 * Nothing of a message is given up while another part of it waits: the message comes again, what was given up may work by
 * then, and would stand in both tables. Adds to `waiting` the messages that are held back so.
 */
function withoutWaiting(units: Unit[], waiting: Set<number>): Unit[] {
  const waits = ({ messages }: Unit) => [...messages].some((place) => waiting.has(place));
  for (let before = -1; before !== waiting.size; ) {
    before = waiting.size;
    for (const unit of units.filter(waits)) for (const place of unit.messages) waiting.add(place);
  }
  return units.filter((unit) => !waits(unit));
}

/** A database that is away or overloaded is waited for: it may hold what is missing, or is where it belongs. */
function isHopeless(piece: Undelivered, batch: readonly Message<unknown>[]): boolean {
  if (piece.session === null) return false;
  const attempts = Math.max(...[...piece.messages].map((place) => batch[place]?.attempts ?? 1));
  return piece.failure === "rejected" || (!piece.waitsForDatabase && attempts >= PATIENT_ATTEMPTS);
}

/** Error rows for those arrivals that are not stored, or null while the databases cannot tell. */
async function giveUp({ session, arrivals, messages, reason }: Undelivered, pipeline: Pipeline): Promise<Unit | null> {
  if (session === null) return null;
  const stored = new Map<string, string>();
  try {
    for (const index of candidateDatabases(session, pipeline.databases.length)) {
      const database = pipeline.databases[index];
      if (database === undefined) continue;
      const histories = await loadHistories(database, [
        { session, ids: arrivals.map(({ id }) => id), errorIds: [], until: null },
      ]);
      for (const event of histories.get(session)?.events ?? []) stored.set(event.id, storedFingerprint(event));
    }
  } catch {
    return null;
  }
  // Another content under a stored id is another event, which would otherwise be in neither table.
  const lost = arrivals.filter(({ id, text }) => stored.get(id) !== fingerprint(JSON.parse(text)));
  const errors = lost.map((arrival) => failedDelivery(session, arrival, reason));
  const database = homeDatabase(session, pipeline.databases.length);
  return { messages, session, database, rows: { events: [], errors, parts: [] } };
}

function failedDelivery(session: string, arrival: Arrival, reason: string) {
  const event: unknown = JSON.parse(arrival.text);
  const message = `given up after repeated delivery: ${reason}`;
  return errorRow(
    errorId(session, arrival.id, fingerprint(event)),
    arrival,
    [{ code: "delivery_failed", path: "", message }],
    event,
  );
}
