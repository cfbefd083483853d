import { uuidv7 } from "../core/id.js";
import type { Drop } from "../core/types.js";
import { createSender } from "./sender.js";
import type { AnyEvents, ServerEye, ServerOptions } from "./types.js";

export type { AnyEvents, Drop, ServerEvent, ServerEye, ServerOptions } from "./types.js";

const DEFAULTS = { delayMs: 1_000, maxEvents: 10_000, maxBytes: 16_000_000 };
const FLUSH_TIMEOUT_MS = 30_000;

/** An event in the format of the service. */
const MAX_EVENT_BYTES = 32_768;

const encoder = new TextEncoder();

/**
 * Starts sending events from a server: Node, Deno, Bun or Workers.
 *
 * @example
 * const eye = createEye<Events>({ url: "https://eye.example", key: "eye_w_…" });
 * await eye.track({ session_id, category: "checkout", name: "order placed", data: { total: 12.5 } });
 * await eye.flush();
 */
export function createEye<E extends object = AnyEvents>(options: ServerOptions): ServerEye<E> {
  const { maxEvents, maxBytes, ...rest } = { ...DEFAULTS, ...options };
  const listeners = new Set<(drop: Drop) => void>();
  let lastTime = 0;

  function drop(dropped: Drop): void {
    for (const listener of listeners) listener(dropped);
  }

  const sender = createSender(rest, drop);

  /** Strictly increasing microseconds, so that simultaneous events keep their order. */
  function now(): number {
    lastTime = Math.max(Date.now() * 1_000, lastTime + 1);
    return lastTime;
  }

  const hasRoom = (factor: number) =>
    sender.waiting() < maxEvents * factor && sender.waitingBytes() < maxBytes * factor;

  return {
    async track(event) {
      const time = now();
      const id = event.id ?? uuidv7(time / 1_000);
      const { timestamp = time } = event;
      const text = textOf({ ...event, id, timestamp: timestamp instanceof Date ? timestamp.toISOString() : timestamp });
      if (text === null) drop({ count: 1, reason: "invalid" });
      else {
        const bytes = encoder.encode(text).length;
        if (bytes > MAX_EVENT_BYTES) drop({ count: 1, reason: "too_large" });
        else if (hasRoom(2)) sender.add({ text, bytes });
        else drop({ count: 1, reason: "full" });
      }
      while (!hasRoom(1)) await sender.progress();
      return id;
    },
    async flush(timeoutMs = FLUSH_TIMEOUT_MS) {
      const end = Date.now() + timeoutMs;
      sender.hurry();
      while (sender.waiting() > 0 && Date.now() < end) {
        let timer: ReturnType<typeof setTimeout> | undefined;
        const timeout = new Promise((resolve) => {
          timer = setTimeout(resolve, end - Date.now());
        });
        await Promise.race([sender.progress(), timeout]);
        clearTimeout(timer);
      }
      return sender.waiting();
    },
    on(_type, listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function textOf(event: object): string | null {
  try {
    return JSON.stringify(event);
  } catch {
    return null;
  }
}
