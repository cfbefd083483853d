import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CallSession, callSessions } from "../../src/pipeline/call-sessions";
import { NO_RULES } from "../../src/rules/rules";
import type { IncomingEvent, SessionAnswer } from "../../src/session/session-protocol";

const EPOCHS = [{ since: 0, rules: NO_RULES }];
const NOTHING: SessionAnswer = { outcomes: [] };

function incomingEventsOf(...sessions: string[]): Map<string, IncomingEvent[]> {
  return new Map(
    sessions.map((session) => [session, [{ id: "a", application: "shop", receivedAt: 0, text: `"${session}"` }]]),
  );
}

/** Fails the first calls of a session with these messages, one after the other. */
function failing(bad: string, messages: string[]) {
  const calls: string[] = [];
  const callSession: CallSession = async (session) => {
    calls.push(session);
    const message = session === bad ? messages[calls.filter((one) => one === bad).length - 1] : undefined;
    if (message !== undefined) throw new Error(message);
    return NOTHING;
  };
  return { calls, callSession };
}

describe("callSessions", () => {
  it("calls each session once, with its own incoming events and rules", async () => {
    const seen = new Map<string, string>();
    const callSession: CallSession = async (session, { incomingEvents, epochs }) => {
      expect(epochs).toEqual([{ since: session.length, rules: NO_RULES }]);
      seen.set(session, incomingEvents.map(({ text }) => text).join());
      return NOTHING;
    };
    const epochsFor = (session: string) => [{ since: session.length, rules: NO_RULES }];
    const results = await callSessions(incomingEventsOf("a", "bb"), callSession, epochsFor);
    expect([...seen]).toEqual([
      ["a", '"a"'],
      ["bb", '"bb"'],
    ]);
    expect([...results]).toEqual([
      ["a", { outcomes: [], failed: [] }],
      ["bb", { outcomes: [], failed: [] }],
    ]);
    expect(await callSessions(new Map(), callSession, epochsFor)).toEqual(new Map());
  });

  it("calls all sessions concurrently", async () => {
    let running = 0;
    let most = 0;
    const callSession: CallSession = async () => {
      running += 1;
      most = Math.max(most, running);
      await scheduler.wait(1);
      running -= 1;
      return NOTHING;
    };
    await callSessions(incomingEventsOf("a", "b", "c"), callSession, () => EPOCHS);
    expect(most).toBe(3);
  });

  it("calls again if the object was lost", async () => {
    const { calls, callSession } = failing("a", ["Network connection lost."]);
    const results = await callSessions(incomingEventsOf("a", "b"), callSession, () => EPOCHS);
    expect(results.get("a")).toEqual({ outcomes: [], failed: [] });
    expect(calls.toSorted()).toEqual(["a", "a", "b"]);
  });

  it.each([
    ["transient", ["Network connection lost.", "Network connection lost."], 2],
    ["overloaded", ["The Durable Object is overloaded."], 1],
    ["exhausted", ["Durable Object exceeded its CPU time limit and was reset."], 1],
    ["rejected", ["a bug"], 1],
  ])("fails only the session whose calls end as %s", async (failure, messages, tries) => {
    const { calls, callSession } = failing("a", messages);
    const results = await callSessions(incomingEventsOf("a", "b"), callSession, () => EPOCHS);
    expect(results.get("a")).toEqual({
      outcomes: [],
      failed: [{ places: [0], failure, reason: messages[0] }],
    });
    expect(results.get("b")).toEqual({ outcomes: [], failed: [] });
    expect(calls.filter((session) => session === "a")).toHaveLength(tries);
  });

  /** An object that runs out of CPU time with any of these incoming events. */
  function exhaustedBy(bad: ReadonlySet<string>) {
    let calls = 0;
    const callSession: CallSession = async (_, { incomingEvents }) => {
      calls += 1;
      if (incomingEvents.some(({ id }) => bad.has(id))) {
        throw Object.assign(new Error("Durable Object exceeded its CPU time limit and was reset."), {
          retryable: true,
        });
      }
      // Failures come last, as in `decide`.
      return {
        outcomes: incomingEvents.map((_incoming, place) => ({ kind: "valid", place, occurredAt: 0, isNew: true })),
      };
    };
    return { callSession, calls: () => calls };
  }

  it("isolates the events that exhaust their session's object and decides all others", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }), async (faults) => {
        const own = faults.map(
          (_, n): IncomingEvent => ({ id: `${n}`, application: "shop", receivedAt: n, text: "{}" }),
        );
        const bad = faults.flatMap((isBad, n) => (isBad ? [n] : []));
        const { callSession } = exhaustedBy(new Set(bad.map(String)));
        const { outcomes = [], failed = [] } =
          (await callSessions(new Map([["a", own]]), callSession, () => EPOCHS)).get("a") ?? {};
        expect(failed.map(({ places, failure }) => [places, failure])).toEqual(bad.map((n) => [[n], "exhausted"]));
        expect(outcomes.map(({ place }) => place)).toEqual(own.flatMap((_, n) => (faults[n] === true ? [] : [n])));
      }),
    );
  });

  it("makes a bounded number of calls if every event is at fault", async () => {
    const own = Array.from(
      { length: 5_000 },
      (_, n): IncomingEvent => ({ id: "x", application: "", receivedAt: n, text: "" }),
    );
    const { callSession, calls } = exhaustedBy(new Set(["x"]));
    const result = (await callSessions(new Map([["a", own]]), callSession, () => EPOCHS)).get("a");
    expect(result?.failed.flatMap(({ places }) => places)).toEqual([...own.keys()]);
    expect(calls()).toBeLessThanOrEqual(64);
  });
});
