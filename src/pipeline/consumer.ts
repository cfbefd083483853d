import type { Config } from "../model/config";
import type { Micros } from "../model/time";
import type { RulesInForce } from "../rules/rules-in-force";
import type { Database } from "../storage/databases";
import { type Failure, messageOf } from "../storage/transport-errors";
import { askSessions, type CallGroup } from "./ask-sessions";
import { buildRows, type ReadArrival } from "./build-rows";
import { redelivery, worst } from "./delivery";
import { type OpenedMessage, openMessage, receiptsOf } from "./open-message";
import type { Arrival, Outcome } from "./session-protocol";
import { type Unit, type Write, writeUnits } from "./write-units";

/** What the pipeline needs of the world. Handed in, so that a simulation can let any of it fail. */
export interface Pipeline {
  databases: Database[];
  callGroup: CallGroup;
  write: Write;
  /** Sends a message's body to the dead letters; resolves once the queue has it. */
  sendDeadLetter: (body: unknown) => Promise<void>;
  /** The rules in force at these receipts. Where it throws, nothing is judged and every message comes again. */
  rules: (receipts: Iterable<Micros>) => Promise<RulesInForce>;
  config: Config;
  log: (line: Record<string, unknown>) => void;
}

/** The part of a batch for which something failed: all that shares a session, or one message's own rows. */
export interface Undelivered {
  messages: Set<number>;
  failure: Failure;
  reason: string;
  /** True if nothing but a database is missing: all is decided, or the database could not be asked. */
  waitsForDatabase: boolean;
  /** The session's arrivals, or none where the rows needed no session. */
  session: string | null;
  arrivals: Arrival[];
}

export interface Processed {
  undelivered: Undelivered[];
  counts: { events: number; sessions: number; stored: number; duplicates: number; failed: number };
}

/** A queue's batch: each message is acknowledged after everything in it is committed, and not before. */
export async function consume(batch: MessageBatch<unknown>, pipeline: Pipeline): Promise<void> {
  const started = Date.now();
  const { undelivered, counts } = await takeHome(batch.messages, pipeline);

  const failures = new Map<number, Failure[]>();
  for (const { messages, failure } of undelivered) {
    for (const place of messages) failures.set(place, [...(failures.get(place) ?? []), failure]);
  }
  let deadLetters = 0;
  for (const [place, message] of batch.messages.entries()) {
    const own = failures.get(place);
    if (own === undefined) {
      message.ack();
      continue;
    }
    const next = redelivery(worst(own), message.attempts, Math.random());
    if (next.kind === "retry") {
      message.retry({ delaySeconds: next.delaySeconds });
      continue;
    }
    await pipeline.sendDeadLetter(message.body);
    message.ack();
    deadLetters += 1;
  }

  pipeline.log({
    log: "batch",
    queue: batch.queue,
    messages: batch.messages.length,
    ...counts,
    retried: failures.size - deadLetters,
    dead_letters: deadLetters,
    reasons: reasonsOf(undelivered),
    ms: Date.now() - started,
  });
}

/** What a batch is judged by, or why it cannot be judged now. */
export async function readRules(
  messages: readonly Message<unknown>[],
  { rules }: Pick<Pipeline, "rules">,
): Promise<RulesInForce | { unreadable: string }> {
  try {
    return await rules(messages.flatMap(({ body }) => receiptsOf(body)));
  } catch (thrown) {
    return { unreadable: messageOf(thrown) };
  }
}

async function takeHome(messages: readonly Message<unknown>[], pipeline: Pipeline): Promise<Processed> {
  const rules = await readRules(messages, pipeline);
  if (!("unreadable" in rules)) return processBatch(openMessages(messages, pipeline, rules), pipeline, rules);
  const reason = `the rules cannot be read: ${rules.unreadable}`;
  const all: Undelivered = {
    messages: new Set(messages.keys()),
    failure: "overloaded",
    reason,
    waitsForDatabase: true,
    session: null,
    arrivals: [],
  };
  return { undelivered: [all], counts: { events: 0, sessions: 0, stored: 0, duplicates: 0, failed: 0 } };
}

/** Reads the messages of a batch. */
export function openMessages(
  messages: readonly Message<unknown>[],
  { config }: Pick<Pipeline, "config">,
  rules: RulesInForce,
): OpenedMessage[] {
  return messages.map((message) =>
    openMessage(message.body, {
      queuedAt: message.timestamp.getTime() * 1000,
      messageId: message.id,
      futureToleranceMicros: config.futureToleranceMicros,
      rules,
    }),
  );
}

/** Takes messages through their sessions into the databases, and tells what of them could not be brought home. */
export async function processBatch(
  opened: OpenedMessage[],
  pipeline: Pick<Pipeline, "databases" | "callGroup" | "write" | "config">,
  rules: RulesInForce,
): Promise<Processed> {
  const sessions = gatherSessions(opened);
  const arrivals = new Map([...sessions].map(([session, { read }]) => [session, read.map(({ arrival }) => arrival)]));
  const results = await askSessions(arrivals, pipeline.databases, pipeline.callGroup, (some) =>
    rules.only(
      some
        .flatMap((session) => sessions.get(session)?.read ?? [])
        .map(({ arrival: { receivedAt }, event }) => ({ receivedAt, event })),
    ),
  );

  const units = opened.flatMap((message, place) => ownUnit(message, place));
  const undelivered: Undelivered[] = [];
  const outcomes: Outcome[] = [];
  for (const [session, gathered] of sessions) {
    const result = results.get(session);
    if (result?.kind === "decided") {
      outcomes.push(...result.outcomes);
      const rows = buildRows(session, gathered.read, result.outcomes);
      units.push({ messages: gathered.messages, session, database: result.database, rows });
    } else {
      const { failure, reason, waitsForDatabase } = result ?? NOT_ASKED;
      const { messages } = gathered;
      const own = arrivals.get(session) ?? [];
      undelivered.push({ messages, arrivals: own, session, failure, reason, waitsForDatabase });
    }
  }

  for (const { unit, failure, reason } of await writeUnits(pipeline.databases, units, pipeline.write)) {
    undelivered.push({
      messages: unit.messages,
      session: unit.session,
      arrivals: (unit.session === null ? undefined : arrivals.get(unit.session)) ?? [],
      failure,
      reason,
      waitsForDatabase: true,
    });
  }
  return { undelivered, counts: countOutcomes(opened, sessions.size, outcomes) };
}

const NOT_ASKED = { failure: "rejected", reason: "the session was not asked", waitsForDatabase: false } as const;

interface Gathered {
  messages: Set<number>;
  read: ReadArrival[];
}

function gatherSessions(opened: OpenedMessage[]): Map<string, Gathered> {
  const sessions = new Map<string, Gathered>();
  for (const [place, message] of opened.entries()) {
    for (const { session, arrival, event } of message.arrivals) {
      const gathered = sessions.get(session) ?? { messages: new Set(), read: [] };
      gathered.messages.add(place);
      gathered.read.push({ arrival, event });
      sessions.set(session, gathered);
    }
  }
  return sessions;
}

/** The rows that a message brings without any session having to decide. */
function ownUnit({ errors, parts }: OpenedMessage, place: number): Unit[] {
  if (errors.length === 0) return [];
  return [{ messages: new Set([place]), session: null, database: 0, rows: { events: [], errors, parts } }];
}

function countOutcomes(opened: OpenedMessage[], sessions: number, outcomes: Outcome[]): Processed["counts"] {
  const counts = { events: outcomes.length, sessions, stored: 0, duplicates: 0, failed: 0 };
  for (const { kind, duplicate } of outcomes) {
    if (duplicate) counts.duplicates += 1;
    else if (kind === "stored") counts.stored += 1;
    else counts.failed += 1;
  }
  for (const { errors } of opened) {
    counts.events += errors.length;
    counts.failed += errors.length;
  }
  return counts;
}

/** The different reasons, at most five: enough to see what is wrong, whatever the size of the batch. */
function reasonsOf(undelivered: Undelivered[]): string[] {
  return [...new Set(undelivered.map(({ failure, reason }) => `${failure}: ${reason}`))].slice(0, 5);
}
