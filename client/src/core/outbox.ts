import { type Entry, openDatabase, type Waiting } from "./database.js";
import type { Drop } from "./types.js";

/** The service's answer to a batch. Status 0: no answer. `retryMs`: the requested wait, or 0. */
export type Answer = readonly [status: number, retryMs: number];

export interface Outbox {
  add(id: string, text: string): void;
  /** Sends all events, or saves them if that fails. */
  flush(): Promise<void>;
  /** Sends what it can without waiting, because the page may end at any time. */
  leave(): void;
  /**
   * Soon sends the events that earlier pages left, without a pause after failures: the page has begun, or the network is
   * back.
   */
  resume(): void;
}

const DELAY_MS = 1e3;
const MAX_PAUSE_MS = 6e4;
const BATCH_EVENTS = 50;
const BATCH_BYTES = 48e3;
const MAX_EVENT_BYTES = 32_768;
const MAX_EVENTS = 1e3;
const MAX_BYTES = 1e6;
/** Browsers share 64 KiB among all requests that outlive their page, and Chromium allows about nine, so each counts as more. */
const LEAVING_BYTES = 6e4;
const LEAVING_REQUEST_BYTES = 7e3;

/**
 * The queue of events. Each is saved in the browser's storage at capture and removed when the service has answered. An event
 * whose answer was lost is sent again, which is harmless because of its id. All tabs share the storage, and one sends at a
 * time.
 */
export function createOutbox(
  name: string,
  send: (body: string, keepalive: boolean) => Promise<Answer>,
  onDrop: (drop: Drop) => void,
): Outbox {
  const database = openDatabase(name);
  /** This page's events, oldest first. */
  const mine = new Map<string, Waiting>();
  let synced: Promise<unknown> = Promise.resolve();
  let draining: Promise<void> | undefined;
  let isDirty = false;
  let timer = 0;
  let pausedUntil = 0;
  let failures = 0;
  let limit = BATCH_EVENTS;
  /** Events captured since the last attempt. Small events count as a fiftieth of a batch. */
  let newBytes = 0;
  let leavingBytes = 0;

  function schedule(): void {
    if (mine.size) timer ||= self.setTimeout(drain, Math.max(DELAY_MS, pausedUntil - performance.now()));
  }

  function drain(): Promise<void> {
    clearTimeout(timer);
    timer = newBytes = 0;
    draining ??= alone(name, async () => {
      let batch = await sync();
      while (batch.length && handle(batch, await send(bodyOf(batch), false))) batch = await sync();
    }).finally(() => {
      draining = undefined;
      schedule();
    });
    return draining;
  }

  /** Handles an answer; returns whether to continue. */
  function handle(batch: readonly Entry[], [status, retryMs]: Answer): boolean {
    if (!status || status >= 500 || status === 429) {
      const pauseMs = retryMs || Math.min(MAX_PAUSE_MS, DELAY_MS * 2 ** failures++);
      pausedUntil = performance.now() + pauseMs * (1 + Math.random());
      return false;
    }
    failures = pausedUntil = 0;
    const count = batch.length;
    if (status === 413 && count > 1) limit = count >> 1;
    else {
      limit = BATCH_EVENTS;
      void sync(batch, true);
      if (status >= 300) onDrop({ count, reason: status === 413 ? "too_large" : "refused", status });
    }
    return true;
  }

  /**
   * Saves new events and removes answered ones; calls run in sequence. Unless it is `quick`, it also drops the oldest events
   * of all tabs if there are too many, and returns the next batch of all tabs.
   */
  function sync(done: readonly Entry[] = [], quick = false): Promise<Entry[]> {
    for (const [key] of done) mine.delete(key);
    const result = synced.then(async () => {
      isDirty = false;
      const fresh = [...mine].filter(([, own]) => !own.isSaved);
      // Storage is denied or full: events stay in memory.
      const stored = await database(fresh, done, quick ? 1 : undefined).catch(() => null);
      for (const [, own] of fresh) own.isSaved = !!stored;
      if (quick) return [];
      const all = new Map(stored);
      for (const [key, own] of mine) {
        // Another tab has sent the event.
        if (stored && own.isSaved && !all.has(key)) mine.delete(key);
        else all.set(key, own);
      }
      const newestFirst = [...all].sort().reverse();
      const excess = newestFirst.slice(fitting(newestFirst, MAX_EVENTS, MAX_BYTES).length);
      if (excess.length) {
        for (const [key] of excess) if (all.delete(key)) mine.delete(key);
        await database([], excess, 1).catch(() => {});
        onDrop({ count: excess.length, reason: "full" });
      }
      return fitting([...all].filter(([, own]) => !own.isLeaving).sort(), limit, BATCH_BYTES);
    });
    synced = result;
    return result;
  }

  function leave(): void {
    const staying = [...mine].filter(([, own]) => !own.isLeaving);
    const batch = fitting(staying, MAX_EVENTS, LEAVING_BYTES - leavingBytes);
    if (!batch.length) return;
    const body = bodyOf(batch);
    const bytes = bytesOf(body) + LEAVING_REQUEST_BYTES;
    leavingBytes += bytes;
    for (const [, own] of batch) own.isLeaving = true;
    void send(body, true).then((answer) => {
      leavingBytes -= bytes;
      for (const [, own] of batch) own.isLeaving = false;
      handle(batch, answer);
      schedule();
    });
  }

  return {
    leave,
    add(id, text) {
      const bytes = bytesOf(text);
      if (bytes > MAX_EVENT_BYTES) return onDrop({ count: 1, reason: "too_large" });
      mine.set(`${id}.${bytes}`, { text });
      newBytes += Math.max(bytes, BATCH_BYTES / BATCH_EVENTS);
      // The page ends: the last events of its listeners must be sent with it.
      if (document.hidden) queueMicrotask(leave);
      if (newBytes >= BATCH_BYTES && performance.now() > pausedUntil) void drain();
      else schedule();
      if (!isDirty) void sync([], mine.size <= MAX_EVENTS);
      isDirty = true;
    },
    async flush() {
      await draining;
      await drain();
    },
    resume() {
      clearTimeout(timer);
      pausedUntil = 0;
      timer = self.setTimeout(drain, DELAY_MS);
    },
  };
}

function bytesIn(key: string): number {
  return +(key.split(".")[1] ?? 0);
}

/** UTF-8 bytes of a text. */
function bytesOf(text: string): number {
  return new Blob([text]).size;
}

function bodyOf(batch: readonly Entry[]): string {
  return `[${batch.map(([, { text }]) => text)}]`;
}

/** The first entries of a list, as many as the limits of a body allow. */
function fitting(entries: readonly Entry[], count: number, bytes: number): Entry[] {
  let room = bytes;
  return entries.slice(0, count).filter(([key]) => {
    room -= bytesIn(key) + 1;
    return room > 0;
  });
}

/** Runs `act` when no other tab runs one of that name. Without Web Locks (no TLS, a sandboxed page) it runs at once. */
async function alone(name: string, act: () => Promise<void>): Promise<void> {
  let running: Promise<void> | undefined;
  const run = () => {
    running = act();
    return running;
  };
  await navigator.locks?.request(name, run).catch(() => {});
  await (running ?? act());
}
