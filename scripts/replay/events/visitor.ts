import type { Micros } from "../../../src/model/time/time.ts";
import { derivedId } from "./derived-id.ts";

const MICROS_PER_DAY = 86_400_000_000;

/** Visitors whose ids are cached, to avoid two hashes for each line. */
const CACHED_VISITORS = 1_000;

interface Hit {
  client: string | null;
  userAgent: string | null;
  occurredAt: Micros;
}

export interface Visit {
  /** The visitor: address and user agent, hashed. Null if the log has no address. */
  visitorId: string | null;
  sessionId: string;
}

/**
 * Returns the visitor and the session of a line. A session is everything that one visitor does on one day (UTC) at one
 * source. Both depend only on the line, so later lines never move others to another session.
 */
export class Visits {
  readonly #source: string;
  readonly #cache = new Map<string, Visit>();

  constructor(source: string) {
    this.#source = source;
  }

  /**
   * @param lineId names the session if there is no address, because unknown clients with the same browser are not one
   * visitor
   */
  of({ client, userAgent, occurredAt }: Hit, lineId: string): Visit {
    if (client === null) return { visitorId: null, sessionId: derivedId("session", this.#source, lineId) };
    const day = Math.floor(occurredAt / MICROS_PER_DAY);
    const key = `${day} ${client} ${userAgent === null ? "" : `"${userAgent}`}`;
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached;
    const visit = {
      visitorId: derivedId("visitor", client, userAgent),
      sessionId: derivedId("session", this.#source, client, userAgent, day),
    };
    if (this.#cache.size >= CACHED_VISITORS) this.#cache.clear();
    this.#cache.set(key, visit);
    return visit;
  }
}
