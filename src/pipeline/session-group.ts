import { DurableObject } from "cloudflare:workers";
import { parseConfig } from "../model/config";
import { MAX_HELD_ENTRIES } from "../model/limits";
import { rulesAt } from "../rules/rules-in-force";
import type { StoredEvent } from "../storage/session-history";
import { messageOf } from "../storage/transport-errors";
import { storedFingerprint } from "./fingerprint";
import { HeldMemories } from "./held-memories";
import { decide, readArrivals, type StoredEntry, type Terms } from "./session-decision";
import { SessionIndex } from "./session-index";
import { type Segment, SessionLog } from "./session-log";
import { SessionMemory } from "./session-memory";
import type { AcceptAnswer, AcceptCall, GroupCall, Outcome, Remembered } from "./session-protocol";

/** Of about 100 bytes each. */
const MAX_NOTED_DUPLICATES = 2_000;

/**
 * The one place where the events of a session meet, whatever application sent them, and of a share of all other sessions:
 * it decides which are new, which are valid, and in which order they were accepted. Which share it is its name says; see
 * `groupOf`. What it answers is in its storage first (the platform holds the answer back until then), so a redelivered batch
 * gets the same answer.
 */
export class SessionGroup extends DurableObject<Env> {
  private readonly config = parseConfig(this.env);
  private readonly index = new SessionIndex(this.ctx.storage);
  private readonly memories = new HeldMemories(MAX_HELD_ENTRIES);
  private log = this.readLog();

  /** Events that were sent more than once since the object woke. Kept in memory alone: a row for each would be billed. */
  private readonly sentAgain = new Set<string>();

  /**
   * Takes the shares that the sessions of this group have in a consumer batch. Never throws for what an application may
   * send. Nothing is awaited, so that no other call can come between what is known and what is decided.
   *
   * @returns an answer for each of the calls, in their order
   */
  async accept({ calls, rules }: GroupCall): Promise<AcceptAnswer[]> {
    const { futureToleranceMicros } = this.config;
    const terms: Terms = { futureToleranceMicros, rulesAt: (receivedAt) => rulesAt(rules, receivedAt) };
    const now = Date.now();
    try {
      return this.ctx.storage.transactionSync(() => {
        const segments: Segment[] = [];
        const answers = calls.map((call) => this.attempt(call, { terms, segments, now }));
        this.log.append(segments, now);
        this.memories.trim();
        return answers;
      });
    } catch (thrown) {
      // Nothing was written: what the isolate's memory says beyond that was never told.
      this.memories.clear();
      this.log = this.readLog();
      throw thrown;
    }
  }

  /** What is remembered of a stored event, for its receipt. Null: nothing, and D1 alone can tell. */
  recallOne(session: string, id: string): Remembered | null {
    const entry = this.find(session)
      ?.recall([id], () => [])
      .stored.get(id);
    if (entry === undefined) return null;
    const { sequence, occurredAt, receivedAt, application } = entry;
    return { sequence, occurredAt, receivedAt, application, isDuplicate: this.sentAgain.has(noteOf(session, id)) };
  }

  private attempt(call: AcceptCall, around: Around): AcceptAnswer {
    try {
      return this.decide(call, around);
    } catch (thrown) {
      this.memories.release(call.session);
      return { kind: "broken", reason: messageOf(thrown) };
    }
  }

  private decide(call: AcceptCall, { terms, segments, now }: Around): AcceptAnswer {
    const { session } = call;
    const memory = this.find(session) ?? this.begin(call);
    if (memory === null) return { kind: "undecided" };
    const { database } = memory;
    const candidates = readArrivals(session, call.arrivals);
    const errorIds = () => candidates.map(({ errorId }) => errorId);
    if (!memory.learn(call.history)) {
      return { kind: "history_needed", database, errorIds: errorIds(), until: memory.forgottenUntil };
    }
    const known = memory.recall(
      candidates.map(({ arrival }) => arrival.id),
      errorIds,
    );
    const { events = [], failures = [] } = call.history ?? {};
    for (const event of events) if (!known.stored.has(event.id)) known.stored.set(event.id, entryOf(event));
    for (const entry of failures) if (!known.failed.has(entry.errorId)) known.failed.set(entry.errorId, entry);

    const { outcomes, stored, failed } = decide(candidates, known, terms);
    if (stored.length > 0 || failed.length > 0) {
      const segment = memory.remember(stored, failed, { now, upcoming: this.log.upcoming });
      segments.push(segment);
      this.memories.hold(session, memory);
    }
    this.noteSentAgain(call, outcomes);
    return { kind: "decided", database, outcomes };
  }

  private begin({ session, presence, home }: AcceptCall): SessionMemory | null {
    if (presence.kind === "unknown") return null;
    const isForgotten = presence.kind === "present";
    return SessionMemory.begin(session, this.index, {
      database: isForgotten ? presence.database : home,
      forgotten: isForgotten ? { until: null, openSlots: [] } : null,
      since: this.log.upcoming,
    });
  }

  private find(session: string): SessionMemory | null {
    const held = this.memories.get(session);
    if (held !== null) return held;
    const memory = SessionMemory.from(session, this.index, this.log.read(session));
    if (memory !== null) this.memories.hold(session, memory);
    return memory;
  }

  private readLog(): SessionLog {
    const log = new SessionLog(this.ctx.storage.sql, (session) => {
      this.memories.release(session);
      this.index.forget(session);
    });
    log.wake(Date.now());
    return log;
  }

  /** The platform's redelivery keeps the receipt; what an application sends again has another. */
  private noteSentAgain({ session, arrivals }: AcceptCall, outcomes: Outcome[]): void {
    for (const [place, outcome] of outcomes.entries()) {
      const arrival = arrivals[place];
      if (outcome.kind !== "stored" || arrival === undefined || arrival.receivedAt === outcome.receivedAt) continue;
      this.sentAgain.add(noteOf(session, arrival.id));
    }
    for (const note of this.sentAgain) {
      if (this.sentAgain.size <= MAX_NOTED_DUPLICATES) return;
      this.sentAgain.delete(note);
    }
  }
}

/** What the sessions of a call are decided by, and where they put what must be written. */
interface Around {
  terms: Terms;
  segments: Segment[];
  now: number;
}

function noteOf(session: string, id: string): string {
  return JSON.stringify([session, id]);
}

/** A stored event that D1 remembered for the group. */
function entryOf(event: StoredEvent): StoredEntry {
  const { id, sequence, occurredAt, receivedAt, application, opens } = event;
  return { id, sequence, occurredAt, receivedAt, application, opens, fingerprint: storedFingerprint(event) };
}
