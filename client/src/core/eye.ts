import type {} from "./globals.js";
import { uuidv7 } from "./id.js";
import { type Answer, createOutbox } from "./outbox.js";
import { createSession, linkTo, type SessionState } from "./session.js";
import type { AnyEvents, Drop, Eye, EyeOptions, Recorder } from "./types.js";

/** Filled in by the build. */
declare const VERSION: string;

const TIMEOUT_MS = 3e4;
/** Maximum number of events held while consent is pending, and of sessions of events remembered for `status`. */
const MAX_HELD = 1e3;

/** An event without its stamp. */
interface Held {
  id: string;
  /** By this machine's clock, in milliseconds. */
  time: number;
  /** The part that is fixed at capture, as JSON. */
  text: string;
  visitor: string | undefined;
}

/** The client without `capture`: see `createEye`. */
export function createCore<E extends object = AnyEvents>(options: EyeOptions): Eye<E> {
  const address = `${options.url.replace(/\/$/, "")}/eye?key=${encodeURIComponent(options.key)}`;
  const session = createSession();
  const listeners = new Set<(drop: Drop) => void>();
  const sessions = new Map<string, string>();
  const outbox = createOutbox(`eye ${options.key}`, send, drop);
  let context: Record<string, unknown> = { sdk: `client ${VERSION}`, webdriver: navigator.webdriver || undefined };
  let consent = isObjected(options) ? "denied" : (options.consent ?? "granted");
  let visitor: string | undefined;
  let held: Held[] = [];
  /** Milliseconds to add to this machine's clock, once known. */
  let offset: number | undefined;
  /** Changes that the next event writes into the session. */
  let change: Partial<SessionState> | undefined;
  let asking: Promise<void> | undefined;
  let lastTime = 0;

  function drop(dropped: Drop): void {
    // A listener that throws must not stop the queue.
    for (const listener of listeners) queueMicrotask(() => listener(dropped));
  }

  function call(question: string, init?: RequestInit): Promise<Response> {
    return fetch(address + question, { credentials: "omit", ...init });
  }

  /**
   * Sends a body once, as text and with the key in the URL, so that no preflight is needed: that would be a second request,
   * which a closing page does not survive. Without a body it only requests the server's time.
   */
  async function send(body: string | null, keepalive: boolean): Promise<Answer> {
    const sentAt = monotonic();
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const { status, headers } = await call("", { method: body ? "POST" : "GET", body, keepalive, signal });
      // `Date` has whole seconds and was written during the round trip. A clock within that error is not corrected.
      const tripMs = monotonic() - sentAt;
      const found = Date.parse(headers.get("Date") ?? "") + 500 - sentAt - tripMs / 2;
      if (Math.abs(found - (offset ?? 0)) > 1e3 + tripMs) setOffset(found);
      return [status, Number(headers.get("Retry-After")) * 1e3];
    } catch {
      return [0, 0];
    }
  }

  function setOffset(found: number): void {
    offset = found;
    change = { ...change, offset: `${found}` };
  }

  /** Stamps and queues the held events, as soon as that is allowed. */
  function release(): void {
    if (!held.length || consent === "pending" || document.prerendering) return;
    if (consent === "denied") drop({ count: held.length, reason: "consent" });
    else {
      const state = session.touch(change);
      change = undefined;
      if (state.offset) offset ??= +state.offset;
      if (offset === undefined) {
        // Once for each session, because a stamp cannot be corrected afterwards.
        asking ??= send(null, false).then(trustOwnClock);
        return;
      }
      for (const { id, time, text, visitor = state.visitor } of held) {
        const stamp = JSON.stringify({
          id,
          session_id: state.id,
          visitor_id: visitor || undefined,
          timestamp: Math.round((time + offset) * 1e3),
        });
        outbox.add(id, `${stamp.slice(0, -1)},${text.slice(1)}`);
        sessions.set(id, state.id);
      }
      if (sessions.size > MAX_HELD) sessions.clear();
    }
    held = [];
  }

  function trustOwnClock(): void {
    if (offset === undefined) setOffset(0);
    release();
  }

  function leave(): void {
    if (held.length && consent === "granted") trustOwnClock();
    outbox.leave();
  }

  function start(): void {
    release();
    if (consent === "granted") outbox.resume();
  }

  // In the capture phase, because these events do not bubble.
  addEventListener("visibilitychange", () => document.hidden && leave(), true);
  addEventListener("pagehide", leave, true);
  addEventListener(
    "prerenderingchange",
    () => {
      // For the visitor, the events of a prerendered page occur when it is shown.
      for (const event of held) event.time = monotonic();
      start();
    },
    true,
  );
  addEventListener("online", start);
  start();

  const record: Recorder["record"] = (category, name, data, { at } = {}) => {
    let time = monotonic(at);
    if (at === undefined) {
      // A microsecond, the resolution of stored timestamps, keeps simultaneous events in order.
      time = Math.max(time, lastTime + 1e-3);
      lastTime = time;
    }
    const id = uuidv7(time);
    try {
      held.push({ id, time, visitor, text: JSON.stringify({ category, name, data, context }) });
      if (held.length > MAX_HELD && held.shift()) drop({ count: 1, reason: "full" });
      release();
    } catch {
      drop({ count: 1, reason: "invalid" });
    }
    return id;
  };

  return {
    track: record,
    record,
    set(members) {
      context = { ...context, ...members };
    },
    identify(id) {
      visitor = id ?? "";
      change = { ...change, visitor };
    },
    consent(state) {
      consent = state;
      if (state === "denied") session.forget();
      start();
    },
    on(_type, listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async flush() {
      await asking;
      await outbox.flush();
    },
    status: async (id) => (await call(`&id=${id}&session_id=${sessions.get(id)}`)).json(),
    linkTo: (url) => linkTo(url, session.touch().id),
  };
}

/** Time in milliseconds since 1970 that never runs backwards within a page, whatever happens to the machine's clock. */
function monotonic(at = performance.now()): number {
  return performance.timeOrigin + at;
}

function isObjected({ honourGpc, honourDnt }: EyeOptions): boolean | undefined {
  return (honourGpc !== false && navigator.globalPrivacyControl) || (honourDnt && navigator.doNotTrack === "1");
}
