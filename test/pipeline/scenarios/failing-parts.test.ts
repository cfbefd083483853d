import { describe, expect, it } from "vitest";
import type { CallSession } from "../../../src/pipeline/call-sessions";
import { consume } from "../../../src/pipeline/consumer";
import { failingDatabase } from "../../storage/failing-database";
import {
  allEvents,
  batchOf,
  callSession,
  databases,
  envelopeOf,
  eventOf,
  partitions,
  pipelineWith,
  sessionIn,
  storedErrors,
  storedEvents,
} from "../harness";
import { OCCURRED_AT } from "../sample-events";

const named = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

describe("a part that fails delays only the messages that contain it", () => {
  it("when the object of one session fails", async () => {
    const bodies = [
      envelopeOf([
        ["a", eventOf("sick")],
        ["b", eventOf("well-1")],
      ]),
      envelopeOf([
        ["c", eventOf("well-1")],
        ["d", eventOf("well-2")],
      ]),
      envelopeOf([["e", eventOf("sick", { data: null })]]),
    ];
    const { batch, acked, retried } = batchOf(bodies);
    const failing: CallSession = (session, call) =>
      session === "sick" ? Promise.reject(new Error("a bug")) : callSession(session, call);
    await consume(batch, pipelineWith({ callSession: failing }));
    expect([acked, [...retried.keys()]]).toEqual([[1], [0, 2]]);
    expect((await storedEvents("well-1")).map(({ id }) => id).sort()).toEqual(["b", "c"]);
    const later = batchOf(bodies, { attempts: 2 });
    await consume(later.batch, pipelineWith());
    expect(later.acked).toEqual([0, 1, 2]);
    expect((await storedEvents("well-1")).map(({ id }) => id).sort()).toEqual(["b", "c"]);
    expect((await storedEvents("sick")).map(({ id }) => id)).toEqual(["a"]);
    expect(await storedErrors(["e"])).toHaveLength(1);
  });

  it("when one database of three is unavailable", async () => {
    const sessions = [await sessionIn(0, "away"), await sessionIn(1, "away"), await sessionIn(2, "away")];
    const bodies = sessions.map((session) => envelopeOf([[session, eventOf(session)]]));
    const [first, second, third] = databases;
    if (first === undefined || second === undefined || third === undefined) throw new Error("three databases");
    const away = failingDatabase(third, "D1_ERROR: D1 DB is overloaded. Requests queued for too long.");
    const { batch, acked, retried } = batchOf(bodies);
    await consume(batch, pipelineWith({ databases: [first, second, away] }));
    expect([acked, [...retried.keys()]]).toEqual([[0, 1], [2]]);
    const later = batchOf(bodies, { attempts: 2 });
    await consume(later.batch, pipelineWith());
    expect(later.acked).toEqual([0, 1, 2]);
    for (const [n, session] of sessions.entries()) {
      expect((await storedEvents(session)).map(({ database }) => database)).toEqual([n]);
    }
  });

  it("when a database rejects the rows of one session", async () => {
    const session = await sessionIn(0, "rejected");
    const others = await Promise.all(named("accepted", 20).map((prefix) => sessionIn(0, prefix)));
    const [first] = databases;
    const suffix = (await partitions.covering([OCCURRED_AT])).find(OCCURRED_AT)?.id;
    await first?.binding
      .prepare(
        `CREATE TRIGGER reject_one BEFORE INSERT ON events_${suffix} WHEN NEW.session_id = '${session}'
         BEGIN SELECT RAISE(ABORT, 'the row is refused'); END`,
      )
      .run();
    const bodies = [session, ...others].map((one) => envelopeOf([[`of ${one}`, eventOf(one)]]));
    const { batch, acked, retried } = batchOf(bodies);
    await consume(batch, pipelineWith());
    expect([acked, [...retried.keys()]]).toEqual([others.map((_, n) => n + 1), [0]]);
    const dead: unknown[] = [];
    const last = batchOf(bodies.slice(0, 1), { attempts: 5 });
    await consume(last.batch, pipelineWith({ sendDeadLetter: async (body) => void dead.push(body) }));
    expect([last.acked, dead]).toEqual([[0], [JSON.stringify(bodies[0])]]);
    await first?.binding.prepare("DROP TRIGGER reject_one").run();
    const stored = new Set((await allEvents()).map((event) => event.session));
    expect(others.every((one) => stored.has(one))).toBe(true);
    expect(stored.has(session)).toBe(false);
  });

  it("when the rules cannot be read, which makes every message wait", async () => {
    const bodies = [envelopeOf([["unruled", eventOf("unruled")]]), "malformed"];
    const { batch, acked, retried } = batchOf(bodies, { attempts: 20 });
    const lines: Record<string, unknown>[] = [];
    const rules = () => Promise.reject(new Error("too old"));
    await consume(batch, pipelineWith({ rules, log: (line) => lines.push(line) }));
    expect([acked, [...retried.keys()]]).toEqual([[], [0, 1]]);
    expect(lines).toMatchObject([{ stored: 0, reasons: ["overloaded: the rules cannot be read: too old"] }]);
  });
});
