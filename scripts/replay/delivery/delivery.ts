import type { PageView } from "../events/page-view.ts";
import { ReplayStopped } from "../stopped.ts";
import { concurrently } from "./batches.ts";
import type { Io } from "./request.ts";
import { type SendOptions, sendAll } from "./send.ts";
import { failedIds, type Reader, receiptOf, storedIds } from "./service.ts";
import { timeRanges } from "./time-ranges.ts";

/** Maximum number of events in flight. Only their ids are kept: some 10 MB. */
const MAX_WAITING = 40_000;
const RESUME_WAITING = 20_000;

const ROUND_PAUSE_MS = 500;

/** Receipts requested in a round in which the lists show nothing new. */
const RECEIPTS_PER_ROUND = 200;

/** How much the clocks of this machine and of the edge may differ. */
const CLOCK_TOLERANCE_MS = 120_000;

export interface DeliveryOptions extends SendOptions, Reader {
  /** The replay stops when nothing more has been stored for this long. */
  timeoutMs: number;
}

export interface DeliveryCounts {
  sent: number;
  accepted: number;
  storedNow: number;
  storedBefore: number;
  errors: number;
}

export const NOTHING_SENT: DeliveryCounts = { sent: 0, accepted: 0, storedNow: 0, storedBefore: 0, errors: 0 };

interface Waiting {
  session: string;
  timestamp: string;
  sentAt: number;
}

/**
 * Sends events and tracks each until it is among the events or the errors. Stored events are not sent again. Memory is
 * bounded: if many events are in flight, sending waits.
 */
export class Delivery {
  readonly counts: DeliveryCounts = { ...NOTHING_SENT };
  readonly #io: Io;
  readonly #options: DeliveryOptions;
  /** Events that are neither stored nor failed yet, by id, oldest first. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(io: Io, options: DeliveryOptions) {
    this.#io = io;
    this.#options = options;
  }

  /**
   * Sends the events that are not stored yet.
   *
   * @throws ReplayStopped if the service refuses them, does not answer, or stores nothing during the timeout.
   */
  async take(events: readonly PageView[]): Promise<void> {
    // A line of two overlapping files may still be in flight. It cannot be distinguished from a new line until it has
    // arrived.
    if (events.some(({ id }) => this.#waiting.has(id))) await this.#drainOrStop(0);
    const known = await this.#findStored(events);
    const fresh = events.filter(({ id }) => !known.has(id));
    this.counts.storedBefore += events.length - fresh.length;
    this.counts.sent += fresh.length;
    const sentAt = this.#io.now();
    for (const { id, session_id, timestamp } of fresh) {
      this.#waiting.set(id, { session: session_id, timestamp, sentAt });
    }
    await sendAll(this.#io, fresh, this.#options, (accepted) => {
      this.counts.accepted += accepted;
    });
    if (this.#waiting.size > MAX_WAITING) await this.#drainOrStop(RESUME_WAITING);
  }

  /**
   * Waits for events in flight as long as there is progress.
   *
   * @param onProgress is called after each check.
   * @returns ids of events that are in neither list: some of them, if there are many.
   */
  async finish(onProgress: (counts: DeliveryCounts) => void = () => undefined): Promise<string[]> {
    await this.#drain(0, onProgress);
    return [...this.#waiting.keys()].slice(0, 5);
  }

  async #drainOrStop(limit: number): Promise<void> {
    if (await this.#drain(limit)) return;
    throw new ReplayStopped(
      `The service accepted events, but has stored none for ${this.#options.timeoutMs / 1000} s. See whether its queue and ` +
        "databases work (GET /health with an admin key), or wait longer with --timeout. " +
        "Then run the same command again: no line is stored twice.",
    );
  }

  /** Waits until at most `limit` events are in flight. Returns false if there was no progress during the timeout. */
  async #drain(limit: number, onProgress: (counts: DeliveryCounts) => void = () => undefined): Promise<boolean> {
    let movedAt = this.#io.now();
    while (this.#waiting.size > limit) {
      const before = this.#waiting.size;
      await this.#resolveFromLists();
      if (this.#waiting.size === before) await this.#resolveFromReceipts();
      onProgress(this.counts);
      if (this.#waiting.size < before) movedAt = this.#io.now();
      else if (this.#io.now() - movedAt >= this.#options.timeoutMs) return false;
      if (this.#waiting.size > limit) await this.#io.pause(ROUND_PAUSE_MS);
    }
    return true;
  }

  async #resolveFromLists(): Promise<void> {
    for (const range of timeRanges(Array.from(this.#waiting.values(), ({ timestamp }) => timestamp))) {
      for await (const id of storedIds(this.#io, this.#options, range)) {
        this.#resolve(id, "stored");
        if (this.#waiting.size === 0) return;
      }
    }
    const [oldest] = this.#waiting.values();
    if (oldest === undefined) return;
    const since = new Date(oldest.sentAt - CLOCK_TOLERANCE_MS).toISOString();
    for await (const id of failedIds(this.#io, this.#options, since)) this.#resolve(id, "failed");
  }

  /** An event that failed in an earlier replay of the same log keeps its old time of receipt, so the lists do not show it. */
  async #resolveFromReceipts(): Promise<void> {
    const asked = [...this.#waiting].slice(0, RECEIPTS_PER_ROUND);
    await concurrently(asked, this.#options.concurrency, async ([id, { session }]) => {
      const status = await receiptOf(this.#io, this.#options, session, id);
      if (status !== null) this.#resolve(id, status);
    });
  }

  #resolve(id: string, status: "stored" | "failed"): void {
    if (!this.#waiting.delete(id)) return;
    if (status === "stored") this.counts.storedNow++;
    else this.counts.errors++;
  }

  async #findStored(events: readonly PageView[]): Promise<Set<string>> {
    const ids = new Set(events.map(({ id }) => id));
    const found = new Set<string>();
    for (const range of timeRanges(events.map(({ timestamp }) => timestamp))) {
      for await (const id of storedIds(this.#io, this.#options, range)) {
        if (ids.has(id)) found.add(id);
        if (found.size === ids.size) return found;
      }
    }
    return found;
  }
}
