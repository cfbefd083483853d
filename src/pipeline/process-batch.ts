import type { Config } from "../model/config";
import { errorId, fingerprint } from "../model/event/fingerprint";
import { keepShape } from "../model/kept-shapes";
import type { Micros } from "../model/time/time";
import type { RulesInForce } from "../rules/rules-in-force";
import type { IncomingEvent, PlacedOutcome } from "../session/session-protocol";
import { type Failure, messageOf } from "../storage/core/transport-errors";
import { sliceBatch } from "./batch-slices";
import { type CallSession, callSessions } from "./call-sessions";
import { eventRow, type ReadEvent } from "./place-rows";
import { errorRow, type OpenedMessage, openMessage, readMessage, receiptsOf } from "./read-message";
import { type Piece, sumOf, type WriteIo, writePieces } from "./write-pieces";

/** The dependencies of the pipeline, passed in so that a simulation can make each of them fail. */
export interface Pipeline extends WriteIo {
  callSession: CallSession;
  /** Sends a message's body to the dead letters; resolves when the queue has stored it. */
  sendDeadLetter: (body: unknown) => Promise<void>;
  /** Sends a message's body to the queue of events again, as a new message; resolves when the queue has stored it. */
  sendAgain: (body: unknown) => Promise<void>;
  /** The rules that were in force at these times of receipt. If it throws, nothing is validated. */
  rules: (receipts: Iterable<number>) => Promise<RulesInForce>;
  config: Config;
  /** Microseconds since 1970. */
  now: () => Micros;
  log: (line: Record<string, unknown>) => void;
}

/** A part of a batch that failed: the rows of one session in one database, or the rows of one message. */
export interface Undelivered {
  messages: ReadonlySet<number>;
  failure: Failure;
  reason: string;
  /** True if only a database is missing: the outcomes are known, or the database could not be read. */
  waitsForDatabase: boolean;
  /** The session's incoming events. Empty if the rows needed no session. */
  session: string | null;
  incomingEvents: IncomingEvent[];
}

export interface Processed {
  undelivered: Undelivered[];
  counts: Counts;
}

interface Counts {
  events: number;
  sessions: number;
  stored: number;
  duplicates: number;
  failed: number;
}

export const NOTHING_COUNTED: Counts = { events: 0, sessions: 0, stored: 0, duplicates: 0, failed: 0 };

export function sumCounts(one: Counts, other: Counts): Counts {
  return {
    events: one.events + other.events,
    sessions: one.sessions + other.sessions,
    stored: one.stored + other.stored,
    duplicates: one.duplicates + other.duplicates,
    failed: one.failed + other.failed,
  };
}

type ProcessingPipeline = WriteIo & Pick<Pipeline, "callSession" | "rules" | "config">;

/**
 * Processes the messages of a batch: validates their events and writes them.
 *
 * @param keep filters the content of messages before it is processed, for the dead letters
 * @returns what failed, and the counts; everything else is committed
 */
export async function processBatch(
  messages: readonly Message<unknown>[],
  pipeline: ProcessingPipeline,
  keep: (opened: OpenedMessage[]) => Promise<OpenedMessage[]> = async (opened) => opened,
): Promise<Processed> {
  const all: Processed = { undelivered: [], counts: NOTHING_COUNTED };
  for (const places of sliceBatch(messages.map(({ body }) => body))) {
    const { undelivered, counts } = await processSlice(messages, places, pipeline, keep);
    all.undelivered.push(...undelivered);
    all.counts = sumCounts(all.counts, counts);
  }
  return all;
}

async function processSlice(
  messages: readonly Message<unknown>[],
  places: readonly number[],
  pipeline: ProcessingPipeline,
  keep: (opened: OpenedMessage[]) => Promise<OpenedMessage[]>,
): Promise<Processed> {
  const counts: Counts = { ...NOTHING_COUNTED };
  const taken = places.flatMap((place) => messages[place] ?? []);
  const read = taken.map((message) => readMessage(message));
  let rules: RulesInForce;
  let opened: OpenedMessage[];
  try {
    rules = await answered(pipeline.rules(new Set(read.flatMap(receiptsOf))));
    const { futureToleranceMicros } = pipeline.config;
    opened = await keep(read.map((one) => openMessage(one, { rules, futureToleranceMicros })));
  } catch (thrown) {
    return { undelivered: [waiting(places, thrown)], counts };
  }

  keepShape("message", [read[0], opened[0]]);
  const sessions = gatherSessions(opened, places);
  const incomingEvents = new Map(
    [...sessions].map(([session, { read: own }]) => [session, own.map(({ incoming }) => incoming)]),
  );
  const results = await callSessions(incomingEvents, pipeline.callSession, (session) =>
    rules.only(
      (sessions.get(session)?.read ?? []).map(({ incoming, event }) => ({ receivedAt: incoming.receivedAt, event })),
    ),
  );

  const undelivered: Undelivered[] = [];
  const isRedelivery = taken.some(isRedelivered);
  const pieces: Piece[] = opened.flatMap((message, index) => ownPiece(message, places[index] ?? 0));
  for (const [session, gathered] of sessions) {
    const { outcomes, failed } = results.get(session) ?? { outcomes: [], failed: [] };
    if (outcomes.length > 0) pieces.push(pieceOf(session, gathered, outcomes, isRedelivery));
    for (const { places: own, failure, reason } of failed) {
      const part = own.flatMap((place) => gathered.read[place] ?? []);
      const containing = new Set(own.flatMap((place) => gathered.messages[place] ?? []));
      const ownIncomingEvents = part.map(({ incoming }) => incoming);
      undelivered.push({
        ...{ messages: containing, incomingEvents: ownIncomingEvents, session, failure, reason },
        waitsForDatabase: false,
      });
    }
    const decided = outcomes.length + failed.reduce((sum, part) => sum + part.places.length, 0);
    if (decided !== gathered.read.length)
      throw new Error(`${decided} outcomes of ${gathered.read.length} incoming events`);
  }

  keepShape("row", pieces[0]?.events[0]);
  const { failed, duplicates, conflicts, erased } = await writePieces(pieces, pipeline);
  for (const { piece, failure, reason } of failed) {
    undelivered.push({ ...piece, failure, reason, waitsForDatabase: true });
  }
  const copies = sumOf(pieces, (piece) => piece.copies);
  counts.sessions = sessions.size;
  counts.events = sumOf(opened, (message) => message.incomingEvents.length + message.errors.length);
  counts.duplicates = duplicates.length + copies;
  const errors = sumOf(pieces, (piece) => piece.errors.length) - sumOf(failed, (part) => part.errors) - erased.errors;
  const events = sumOf(pieces, (piece) => piece.events.length) - sumOf(failed, (part) => part.events) - erased.events;
  counts.failed = errors + conflicts.length;
  counts.stored = events - duplicates.length - conflicts.length;
  return { undelivered, counts };
}

/** The events of a redelivered message may be stored: its acknowledgement was lost, or another part of it failed. */
function isRedelivered({ attempts }: Message<unknown>): boolean {
  return attempts > 1;
}

/**
 * While a database does not respond, a batch must stay short: the whole backlog has to be delivered once before the
 * queue deletes expired messages. See "A long outage" in docs/operations.md.
 */
const ANSWER_TIMEOUT_MS = 10_000;

async function answered<Answer>(answer: Promise<Answer>): Promise<Answer> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`)), ANSWER_TIMEOUT_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Nothing can be validated, so every message waits. */
function waiting(places: readonly number[], thrown: unknown): Undelivered {
  const reason = `the rules cannot be read: ${messageOf(thrown)}`;
  return {
    messages: new Set(places),
    failure: "overloaded",
    reason,
    waitsForDatabase: true,
    session: null,
    incomingEvents: [],
  };
}

/** The events of a session, and the indexes of their messages. */
interface Gathered {
  read: ReadEvent[];
  messages: number[];
}

function gatherSessions(opened: readonly OpenedMessage[], places: readonly number[]): Map<string, Gathered> {
  const sessions = new Map<string, Gathered>();
  for (const [index, message] of opened.entries()) {
    for (const read of message.incomingEvents) {
      let gathered = sessions.get(read.session);
      if (gathered === undefined) {
        gathered = { read: [], messages: [] };
        sessions.set(read.session, gathered);
      }
      gathered.read.push(read);
      gathered.messages.push(places[index] ?? 0);
    }
  }
  return sessions;
}

/** The rows of a message that need no session. */
function ownPiece({ errors }: OpenedMessage, place: number): Piece[] {
  if (errors.length === 0) return [];
  return [
    { messages: new Set([place]), session: null, incomingEvents: [], events: [], errors, mayHold: false, copies: 0 },
  ];
}

function pieceOf(
  session: string,
  { read, messages: places }: Gathered,
  outcomes: PlacedOutcome[],
  isRedelivery: boolean,
): Piece {
  const messages = new Set<number>();
  const incomingEvents: IncomingEvent[] = [];
  const piece: Piece = { messages, session, incomingEvents, events: [], errors: [], mayHold: isRedelivery, copies: 0 };
  for (const outcome of outcomes) {
    const one = read[outcome.place];
    const message = places[outcome.place];
    if (one === undefined || message === undefined)
      throw new Error(`the session returned an outcome for event ${outcome.place} of ${read.length}`);
    messages.add(message);
    incomingEvents.push(one.incoming);
    if (outcome.kind === "copy") piece.copies += 1;
    else if (outcome.kind === "failed") {
      const { incoming, event } = one;
      const id = errorId(session, incoming.id, fingerprint(event));
      const row = errorRow(id, incoming, outcome.issues, event);
      piece.errors.push({ row, moment: outcome.occurredAt ?? incoming.receivedAt, parts: [] });
    } else {
      piece.events.push(eventRow(session, one, outcome));
      piece.mayHold ||= !outcome.isNew;
    }
  }
  return piece;
}
