import type { AnyEvents, Drop } from "../core/types.js";

export type { AnyEvents, Drop };

export interface ServerOptions {
  /** The address of the service: `https://eye.example`. */
  url: string;
  /** A write key. */
  key: string;
  /** How long events wait for others to share a request, in milliseconds. Default 1,000. */
  delayMs?: number;
  /** Number of events in memory from which `track` waits; at twice as many it drops the new one. Default 10,000. */
  maxEvents?: number;
  /** The same in bytes. Default 16,000,000. */
  maxBytes?: number;
  /**
   * On Workers and similar platforms: `(promise) => context.waitUntil(promise)`, so that sending continues after the request
   * has ended.
   */
  waitUntil?: (promise: Promise<unknown>) => void;
  /** A replacement for the platform's `fetch`, such as a proxy or a service binding. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

interface Common {
  session_id: string;
  /** Default: a UUID of version 7. */
  id?: string;
  /** Default: now. */
  timestamp?: string | number | Date;
  visitor_id?: string | null;
  context?: Record<string, unknown>;
}

/** An event of one of the declared types. */
export type ServerEvent<E extends object> = {
  [C in keyof E & string]: {
    [N in keyof E[C] & string]: Common & { category: C; name: N; data: E[C][N] };
  }[keyof E[C] & string];
}[keyof E & string];

export interface ServerEye<E extends object = AnyEvents> {
  /**
   * Queues an event. It resolves once there is room in memory for more, so awaiting it applies the service's backpressure.
   *
   * @returns the event's id
   */
  track(event: ServerEvent<E>): Promise<string>;
  /**
   * Sends all events.
   *
   * @returns the number of events without an answer after `timeoutMs` (30,000); they stay in memory and are retried
   */
  flush(timeoutMs?: number): Promise<number>;
  /** @returns a function that removes the listener */
  on(type: "drop", listener: (drop: Drop) => void): () => void;
}
