import { DurableObject } from "cloudflare:workers";
import { parseConfig } from "../model/config";
import type { Micros } from "../model/time/time";
import { decide, identityIn } from "./decide";
import type { SeenEvent, SessionAnswer, SessionCall } from "./session-protocol";

/** Of about 150 bytes each. */
const MAX_SEEN_EVENTS = 1_000;

/**
 * The object of one session, named by the session's id: where the events of all applications for this session meet. It
 * validates them, puts what arrived together in order, and recognises what it has just seen.
 *
 * It keeps what it knows in memory only. Losing it loses nothing: what becomes of an event follows from its message and from
 * the rules in force at its receipt, and the primary key in D1 refuses a second copy.
 */
export class Session extends DurableObject<Env> {
  private readonly config = parseConfig(this.env);

  /** The events seen last, by identity, the latest of them last. */
  private readonly seen = new Map<string, { id: string; receivedAt: Micros; event: SeenEvent }>();

  /** Takes the session's share in a consumer batch. Never throws for what an application may send. */
  async accept({ incomingEvents, epochs }: SessionCall): Promise<SessionAnswer> {
    const outcomes = decide(incomingEvents, { epochs, futureToleranceMicros: this.config.futureToleranceMicros });
    for (const outcome of outcomes) {
      const incoming = incomingEvents[outcome.place];
      if (outcome.kind !== "valid" || incoming === undefined) continue;
      const isKnown = this.note({ ...incoming, occurredAt: outcome.occurredAt });
      outcome.isNew &&= !isKnown;
    }
    return { outcomes };
  }

  /** What the object has lately seen of the events with an id, for their receipt. D1 alone tells what is stored. */
  recall(id: string): SeenEvent[] {
    return [...this.seen.values()].filter((one) => one.id === id).map(({ event }) => event);
  }

  /** @returns whether the event was seen before */
  private note({ id, receivedAt, occurredAt }: { id: string; receivedAt: Micros; occurredAt: Micros }): boolean {
    const identity = identityIn({ id, occurredAt });
    const before = this.seen.get(identity);
    if (before === undefined) {
      this.seen.set(identity, { id, receivedAt, event: { occurredAt, isRepeated: false } });
      const [oldest] = this.seen.size > MAX_SEEN_EVENTS ? this.seen.keys() : [];
      if (oldest !== undefined) this.seen.delete(oldest);
      return false;
    }
    // The platform's redelivery keeps the receipt; what an application sends again has another.
    if (before.receivedAt !== receivedAt) before.event.isRepeated = true;
    return true;
  }
}
