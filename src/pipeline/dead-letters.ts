import { candidateDatabases, homeDatabase } from "../storage/databases";
import { loadHistories } from "../storage/session-history";
import { type Pipeline, processBatch, type Undelivered } from "./consumer";
import { errorId, fingerprint, storedFingerprint } from "./fingerprint";
import { errorRow } from "./open-message";
import type { Arrival } from "./session-protocol";
import { type FailedUnit, type Unit, writeUnits } from "./write-units";

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
  const { undelivered, counts } = await processBatch(batch.messages, pipeline);
  const waiting = new Set<number>();
  const units: Unit[] = [];
  let givenUp = 0;
  for (const piece of undelivered) {
    const rows = isHopeless(piece, batch.messages) ? await giveUp(piece, pipeline) : null;
    if (rows === null) for (const place of piece.messages) waiting.add(place);
    else units.push(rows);
    givenUp += rows?.rows.errors.length ?? 0;
  }
  const failed: FailedUnit[] = await writeUnits(pipeline.databases, units, pipeline.write);
  for (const { unit } of failed) for (const place of unit.messages) waiting.add(place);

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

function isHopeless({ session, failure, messages }: Undelivered, batch: readonly Message<unknown>[]): boolean {
  if (session === null) return false;
  const attempts = Math.max(...[...messages].map((place) => batch[place]?.attempts ?? 1));
  return failure === "rejected" || attempts >= PATIENT_ATTEMPTS;
}

/** Error rows for those arrivals that are not stored, or null while the databases cannot tell. */
async function giveUp({ session, arrivals, messages, reason }: Undelivered, pipeline: Pipeline): Promise<Unit | null> {
  if (session === null) return null;
  const stored = new Map<string, string>();
  try {
    for (const index of candidateDatabases(session, pipeline.databases.length)) {
      const database = pipeline.databases[index];
      if (database === undefined) continue;
      const histories = await loadHistories(database, [{ session, ids: arrivals.map(({ id }) => id) }]);
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
