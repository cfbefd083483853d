import { describe, expect, it } from "vitest";
import { type CallSession, callSessions } from "../../src/pipeline/call-sessions";
import { NO_RULES } from "../../src/rules/rules";
import type { Arrival, SessionAnswer } from "../../src/session/session-protocol";

const EPOCHS = [{ since: 0, rules: NO_RULES }];
const NOTHING: SessionAnswer = { outcomes: [] };

function arrivalsOf(...sessions: string[]): Map<string, Arrival[]> {
  return new Map(
    sessions.map((session) => [session, [{ id: "a", application: "shop", receivedAt: 0, text: `"${session}"` }]]),
  );
}

/** Fails the first calls of a session, with these messages one after the other. */
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
  it("calls each session once, with its own arrivals and rules", async () => {
    const seen = new Map<string, string>();
    const callSession: CallSession = async (session, { arrivals, epochs }) => {
      expect(epochs).toEqual([{ since: session.length, rules: NO_RULES }]);
      seen.set(session, arrivals.map(({ text }) => text).join());
      return NOTHING;
    };
    const epochsFor = (session: string) => [{ since: session.length, rules: NO_RULES }];
    const results = await callSessions(arrivalsOf("a", "bb"), callSession, epochsFor);
    expect([...seen]).toEqual([
      ["a", '"a"'],
      ["bb", '"bb"'],
    ]);
    expect([...results]).toEqual([
      ["a", { kind: "decided", outcomes: [] }],
      ["bb", { kind: "decided", outcomes: [] }],
    ]);
    expect(await callSessions(new Map(), callSession, epochsFor)).toEqual(new Map());
  });

  it("calls all sessions at the same time", async () => {
    let running = 0;
    let most = 0;
    const callSession: CallSession = async () => {
      running += 1;
      most = Math.max(most, running);
      await scheduler.wait(1);
      running -= 1;
      return NOTHING;
    };
    await callSessions(arrivalsOf("a", "b", "c"), callSession, () => EPOCHS);
    expect(most).toBe(3);
  });

  it("calls once more where the object went away", async () => {
    const { calls, callSession } = failing("a", ["Network connection lost."]);
    const results = await callSessions(arrivalsOf("a", "b"), callSession, () => EPOCHS);
    expect(results.get("a")).toEqual({ kind: "decided", outcomes: [] });
    expect(calls.toSorted()).toEqual(["a", "a", "b"]);
  });

  it.each([
    ["transient", ["Network connection lost.", "Network connection lost."], 2],
    ["overloaded", ["The Durable Object is overloaded."], 1],
    ["rejected", ["a bug"], 1],
  ])("fails a session whose calls end as %s, and no other", async (failure, messages, tries) => {
    const { calls, callSession } = failing("a", messages);
    const results = await callSessions(arrivalsOf("a", "b"), callSession, () => EPOCHS);
    expect(results.get("a")).toEqual({ kind: "failed", failure, reason: messages[0] });
    expect(results.get("b")).toEqual({ kind: "decided", outcomes: [] });
    expect(calls.filter((session) => session === "a")).toHaveLength(tries);
  });
});
