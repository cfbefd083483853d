import { readCookie, writeCookie } from "./cookie.js";
import { timeOf, uuidv7 } from "./id.js";

/** The state that all tabs of a browser share, on every subdomain. Unknown texts are empty. */
export interface SessionState {
  /** The session's id, a UUID of version 7, which contains the time at which the session began. */
  id: string;
  /** Milliseconds to add to this machine's clock. */
  offset: string;
  visitor: string;
}

export interface Session {
  /**
   * The current session, read again because another tab may have been active; a new one after 30 minutes without events, and
   * after 24 hours. A change is written at once.
   */
  touch(change?: Partial<SessionState>): SessionState;
  forget(): void;
}

const NAME = "eye_s";
const IDLE_MS = 18e5;
const MAX_MS = 864e5;
const LINK_MS = 12e4;
/** If only the time of the last activity changes, the cookie is written at most this often. */
const WRITE_MS = 1e4;

/** The session, in a cookie of the registrable domain. If cookies are denied, it lasts as long as the page. */
export function createSession(): Session {
  let memory = "";

  function write(text: string, lifetimeMs: number): void {
    memory = text;
    writeCookie(NAME, text, lifetimeMs);
  }

  function touch(change?: Partial<SessionState>): SessionState {
    const now = Date.now();
    // The cookie takes precedence over this page's memory: another tab or subdomain may have written it.
    const [id = "", offset = "", visitor = "", last = 0] = (readCookie(NAME) || memory).split("|");
    const idleMs = now - +last;
    const isLive = idleMs < IDLE_MS && now - timeOf(id) < MAX_MS;
    const known = { id: isLive ? id : uuidv7(now), offset, visitor: decodeURIComponent(visitor) };
    if (isLive && !change && idleMs < WRITE_MS) return known;
    const state = { ...known, ...change };
    write([state.id, state.offset, encodeURIComponent(state.visitor), now].join("|"), MAX_MS);
    return state;
  }

  const link = new URL(location.href);
  const [id, madeAt = 0] = link.searchParams.get(NAME)?.split(".") ?? [];
  if (id) {
    // A link that was saved or shared does not carry a session.
    if (Date.now() - +madeAt < LINK_MS) touch({ id });
    link.searchParams.delete(NAME);
    history.replaceState(history.state, "", link);
  }
  return { touch, forget: () => write("", 0) };
}

/** A link that continues a session on another domain. */
export function linkTo(url: string, session: string): string {
  const link = new URL(url, location.href);
  link.searchParams.set(NAME, `${session}.${Date.now()}`);
  return link.href;
}
