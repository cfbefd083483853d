import { DurableObject } from "cloudflare:workers";
import { configOf } from "../model/configuration";
import { keepShape } from "../model/kept-shapes";
import type { Micros } from "../model/time/time";
import { decide, identityIn, occurrenceIn } from "./decide";
import type { SeenEvent, SessionAnswer, SessionCall } from "./session-protocol";

/** About 100 bytes each. */
const MAX_SEEN_EVENTS = 1_000;

/**
 * The Durable Object of one session, named by the session's id. It receives the session's events from all applications,
 * validates them, orders those that arrive together, and recognises recent ones.
 *
 * Its state is only in memory, and losing it loses nothing: an event's outcome depends only on its message and the
 * rules in force at its receipt, and the primary key in D1 refuses a second copy.
 */
export class Session extends DurableObject<Env> {
  private readonly config = configOf(this.env);

  /** When the most recent events were received, by identity, the latest last. Plain numbers: many objects are alive. */
  private readonly seen = new Map<string, Micros>();

  /** The identities of `seen` that have more than one time of receipt. */
  private readonly repeated = new Set<string>();

  /** Processes the session's events in a consumer batch. It never throws because of an event's content. */
  async accept(call: SessionCall): Promise<SessionAnswer> {
    const { incomingEvents, epochs } = call;
    const outcomes = decide(incomingEvents, { epochs, futureToleranceMicros: this.config.futureToleranceMicros });
    for (const outcome of outcomes) {
      const incoming = incomingEvents[outcome.place];
      if (outcome.kind !== "valid" || incoming === undefined) continue;
      const isKnown = this.note(identityIn({ id: incoming.id, occurredAt: outcome.occurredAt }), incoming.receivedAt);
      outcome.isNew &&= !isKnown;
    }
    const answer = { outcomes };
    keepShape("call", [call, answer]);
    return answer;
  }

  /** The recent events with an id, for the event status. Only D1 knows what is stored. */
  recall(id: string): SeenEvent[] {
    return [...this.seen.keys()].flatMap((identity) => {
      const occurredAt = occurrenceIn(identity, id);
      return occurredAt === null ? [] : [{ occurredAt, isRepeated: this.repeated.has(identity) }];
    });
  }

  /** @returns whether the event was seen before */
  private note(identity: string, receivedAt: Micros): boolean {
    const before = this.seen.get(identity);
    if (before === undefined) {
      this.seen.set(identity, receivedAt);
      const [oldest] = this.seen.size > MAX_SEEN_EVENTS ? this.seen.keys() : [];
      if (oldest !== undefined) {
        this.seen.delete(oldest);
        this.repeated.delete(oldest);
      }
      return false;
    }
    // A redelivery by the platform keeps the time of receipt; an event that an application sends again has a new one.
    if (before !== receivedAt) this.repeated.add(identity);
    return true;
  }
}
