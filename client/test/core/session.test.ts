import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { timeOf } from "../../src/core/id.js";
import { createSession, linkTo } from "../../src/core/session.js";

const MINUTE = 60_000;
const START = 1_764_161_298_000;

let cookie = "";
let writes = 0;
let replaced: string[] = [];

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  cookie = "";
  writes = 0;
  replaced = [];
  open("https://shop.example/page");
  vi.stubGlobal("history", {
    state: null,
    replaceState: (_: unknown, __: string, url: URL) => replaced.push(url.href),
  });
  vi.stubGlobal("document", {
    get cookie() {
      return cookie;
    },
    set cookie(text: string) {
      writes += 1;
      cookie = text.split(";")[0] ?? "";
    },
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function open(href: string) {
  const { hostname } = new URL(href);
  vi.stubGlobal("location", { href, hostname });
}

test("a session lasts while it has events, and ends after 30 minutes without", () => {
  const session = createSession();
  const { id } = session.touch();
  expect(timeOf(id)).toBe(START);
  for (let n = 0; n < 3; n++) {
    vi.advanceTimersByTime(29 * MINUTE);
    expect(session.touch().id).toBe(id);
  }
  vi.advanceTimersByTime(30 * MINUTE);
  expect(session.touch().id).not.toBe(id);
});

test("a session ends after 24 hours, however many events it has", () => {
  const session = createSession();
  const { id } = session.touch();
  for (let n = 1; n < 144; n++) {
    vi.advanceTimersByTime(10 * MINUTE);
    expect(session.touch().id).toBe(id);
  }
  vi.advanceTimersByTime(10 * MINUTE);
  expect(session.touch().id).not.toBe(id);
});

test("a new session keeps the visitor and the offset of the clock", () => {
  const session = createSession();
  session.touch({ visitor: "a|b é", offset: "12" });
  vi.advanceTimersByTime(31 * MINUTE);
  expect(session.touch()).toMatchObject({ visitor: "a|b é", offset: "12" });
});

test("writes the time of the last activity at most every ten seconds, a change at once", () => {
  const session = createSession();
  session.touch();
  expect(writes).toBe(1);
  vi.advanceTimersByTime(9_999);
  session.touch();
  expect(writes).toBe(1);
  session.touch({ visitor: "v" });
  expect(writes).toBe(2);
  vi.advanceTimersByTime(10_000);
  session.touch();
  expect(writes).toBe(3);
});

test("follows another tab that has begun a session", () => {
  const [one, other] = [createSession(), createSession()];
  one.touch();
  vi.advanceTimersByTime(31 * MINUTE);
  const { id } = other.touch();
  expect(one.touch().id).toBe(id);
});

test("forgets the session and the visitor", () => {
  const session = createSession();
  const { id } = session.touch({ visitor: "v" });
  session.forget();
  const next = session.touch();
  expect(next.id).not.toBe(id);
  expect(next.visitor).toBe("");
});

test("a link carries the session to another domain for two minutes, and out of the address", () => {
  const link = linkTo("https://other.example/there?a=1", "session-1");
  // A version of 7 dates a session; any id that is young enough is taken.
  const id = createSession().touch().id;
  const carried = linkTo("https://other.example/there?a=1", id);
  expect(link).toContain("eye_s=session-1.");
  cookie = "";
  vi.advanceTimersByTime(MINUTE);
  open(carried);
  expect(createSession().touch().id).toBe(id);
  expect(replaced).toEqual(["https://other.example/there?a=1"]);
  cookie = "";
  vi.advanceTimersByTime(2 * MINUTE);
  expect(createSession().touch().id).not.toBe(id);
});
