import { DurableObject } from "cloudflare:workers";
import { parseConfig } from "../model/config";
import type { Micros } from "../model/time/time";
import { decide, identityIn } from "./decide";
import type { SeenEvent, SessionAnswer, SessionCall } from "./session-protocol";

/** About 150 bytes each. */
const MAX_SEEN_EVENTS = 1_000;

/**
 * The Durable Object of one session, named by the session's id. It receives the session's events from all applications,
 * validates them, orders those that arrive together, and recognises recent ones.
 *
 * Its state is only in memory, and losing it loses nothing: an event's outcome depends only on its message and the
 * rules in force at its receipt, and the primary key in D1 refuses a second copy.
 */
export class Session extends DurableObject<Env> {
  private readonly config = parseConfig(this.env);

  /** The most recent events, by identity, the latest last. */
  private readonly seen = new Map<string, { id: string; receivedAt: Micros; event: SeenEvent }>();

  /** Processes the session's events in a consumer batch. It never throws because of an event's content. */
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

  /** The recent events with an id, for the event status. Only D1 knows what is stored. */
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
    // A redelivery by the platform keeps the time of receipt; an event that an application sends again has a new one.
    if (before.receivedAt !== receivedAt) before.event.isRepeated = true;
    return true;
  }
}
