import { describe, expect, it } from "vitest";
import { consume } from "../../src/pipeline/consumer";
import { consumeDeadLetters } from "../../src/pipeline/dead-letters";
import type { Database } from "../../src/storage/databases";
import {
  acceptOne,
  batchOf,
  databases,
  eachSession,
  envelopeOf,
  eventOf,
  pipelineWith,
  storedErrors,
  storedEvents,
} from "./harness";

const real = pipelineWith();

/** The real pipeline, but for one session whose object always fails. */
function withSick(session: string, message = "a bug") {
  return pipelineWith({
    callGroup: eachSession((call, rules) =>
      call.session === session ? Promise.reject(new Error(message)) : acceptOne(call, rules),
    ),
  });
}

function broken(database: Database): Database {
  const refuse = () => {
    throw new Error("D1_ERROR: Network connection lost.");
  };
  return { ...database, binding: Object.assign(Object.create(database.binding), { prepare: refuse, batch: refuse }) };
}

async function statusOf(sessions: string[], ids: string[]) {
  const stored = (await Promise.all(sessions.map(storedEvents))).flat().map(({ id }) => id);
  const errors = await storedErrors(ids);
  return { stored: stored.sort(), failed: errors.map(({ event_id, codes }) => `${event_id} ${codes.join()}`).sort() };
}

describe("a dead letter", () => {
  it("that works by now is stored as usual", async () => {
    const { batch, acked } = batchOf([
      envelopeOf([
        ["w1", eventOf("works")],
        ["w2", eventOf("works", { data: 7 })],
      ]),
    ]);
    await consumeDeadLetters(batch, real);
    expect(acked).toEqual([0]);
    expect(await statusOf(["works"], ["w1", "w2"])).toEqual({ stored: ["w1"], failed: ["w2 data_invalid"] });
  });

  it("whose session its group always fails on becomes errors with their whole content, beside its neighbours", async () => {
    const body = envelopeOf([
      ["s1", eventOf("sick")],
      ["s2", eventOf("sick", { data: [] })],
      ["h1", eventOf("healthy")],
      ["s3", eventOf("sick")],
    ]);
    const { batch, acked } = batchOf([body, envelopeOf([["h2", eventOf("healthy")]])]);
    await consumeDeadLetters(batch, withSick("sick"));
    expect(acked).toEqual([0, 1]);
    expect(await statusOf(["sick", "healthy"], ["s1", "s2", "s3", "h1", "h2"])).toEqual({
      stored: ["h1", "h2"],
      failed: ["s1 delivery_failed", "s2 delivery_failed", "s3 delivery_failed"],
    });
    const errors = await storedErrors(["s1"]);
    expect(errors).toMatchObject([
      { session_id: "sick", application: "shop", content: JSON.stringify(eventOf("sick")) },
    ]);
  });

  it("is an error once, however often it comes", async () => {
    const body = envelopeOf([["r1", eventOf("repeated")]]);
    await consumeDeadLetters(batchOf([body, body]).batch, withSick("repeated"));
    await consumeDeadLetters(batchOf([body], { attempts: 7 }).batch, withSick("repeated", "another bug"));
    expect(await statusOf(["repeated"], ["r1"])).toEqual({ stored: [], failed: ["r1 delivery_failed"] });
  });

  it("that was given up stays an error, though a crash came before its acknowledgement and its session works again", async () => {
    const body = envelopeOf([["x1", eventOf("crashed")]]);
    await consumeDeadLetters(batchOf([body]).batch, withSick("crashed"));
    const { batch, acked } = batchOf([body], { attempts: 2 });
    await consumeDeadLetters(batch, real);
    expect(acked).toEqual([0]);
    expect(await statusOf(["crashed"], ["x1"])).toEqual({ stored: [], failed: ["x1 delivery_failed"] });
  });

  it("is patient with an object that is overloaded, for two attempts", async () => {
    const body = envelopeOf([["p1", eventOf("patient")]]);
    for (const attempts of [1, 2]) {
      const { batch, acked, retried } = batchOf([body], { attempts });
      await consumeDeadLetters(batch, withSick("patient", "overloaded"));
      expect([acked, retried]).toEqual([[], new Map([[0, 60 * attempts]])]);
    }
    expect(await storedErrors(["p1"])).toEqual([]);
    const { batch, acked } = batchOf([body], { attempts: 3 });
    await consumeDeadLetters(batch, withSick("patient", "overloaded"));
    expect(acked).toEqual([0]);
    expect(await statusOf(["patient"], ["p1"])).toEqual({ stored: [], failed: ["p1 delivery_failed"] });
  });

  it("does not double events that are stored, and keeps other content that stands under their ids", async () => {
    const stored = envelopeOf([["d1", eventOf("doubled")]]);
    await consume(batchOf([stored]).batch, real);
    const other = envelopeOf([
      ["d1", eventOf("doubled", { data: { other: true } })],
      ["d2", eventOf("doubled")],
    ]);
    const { batch, acked } = batchOf([stored, other]);
    await consumeDeadLetters(batch, withSick("doubled"));
    expect(acked).toEqual([0, 1]);
    expect(await statusOf(["doubled"], ["d1", "d2"])).toEqual({
      stored: ["d1"],
      failed: ["d1 delivery_failed", "d2 delivery_failed"],
    });
    expect((await storedErrors(["d1"]))[0]?.content).toContain('"other":true');
  });

  it("is not given up in part: what comes again may work by then, and would be in both tables", async () => {
    const bodies = [
      envelopeOf([["g1", eventOf("given-up")]]),
      envelopeOf([
        ["g2", eventOf("given-up")],
        ["g3", eventOf("busy")],
      ]),
      envelopeOf([["g4", eventOf("unconcerned")]]),
    ];
    const callGroup = eachSession((call, rules) => {
      if (call.session === "unconcerned") return acceptOne(call, rules);
      return Promise.reject(new Error(call.session === "busy" ? "overloaded" : "a bug"));
    });
    const { batch, acked } = batchOf(bodies);
    await consumeDeadLetters(batch, { ...real, callGroup });
    expect(acked).toEqual([2]);
    expect(await storedErrors(["g1", "g2", "g3"])).toEqual([]);
    await consumeDeadLetters(batchOf(bodies.slice(0, 2), { attempts: 2 }).batch, real);
    const status = await statusOf(["given-up", "busy", "unconcerned"], ["g1", "g2", "g3", "g4"]);
    expect(status).toEqual({ stored: ["g1", "g2", "g3", "g4"], failed: [] });
  });

  it("waits for a database that is overloaded, whatever its attempts, and does not give its events up", async () => {
    const body = envelopeOf([["o1", eventOf("overloaded")]]);
    let isOverloaded = true;
    const write: typeof real.write = async (database, rows) => {
      if (isOverloaded) {
        isOverloaded = false;
        throw new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long.");
      }
      await real.write(database, rows);
    };
    const { batch, acked } = batchOf([body], { attempts: 10 });
    await consumeDeadLetters(batch, { ...real, write });
    expect(acked).toEqual([]);
    await consumeDeadLetters(batchOf([body], { attempts: 11 }).batch, real);
    expect(await statusOf(["overloaded"], ["o1"])).toEqual({ stored: ["o1"], failed: [] });
  });

  it("waits, unacknowledged, for as long as the databases are away", async () => {
    const body = envelopeOf([["a1", eventOf("away")]]);
    const away = { ...withSick("away"), databases: databases.map(broken) };
    for (const attempts of [1, 5, 89]) {
      const { batch, acked, retried } = batchOf([body, "poison"], { attempts });
      await consumeDeadLetters(batch, away);
      expect(acked).toEqual([]);
      expect([...retried.values()]).toEqual([Math.min(3_600, 60 * attempts), Math.min(3_600, 60 * attempts)]);
    }
  });

  it("is sent anew before the platform would delete it, and acknowledged only after that", async () => {
    const body = envelopeOf([["n1", eventOf("renewed")]]);
    const happened: unknown[] = [];
    const away = { ...real, databases: databases.map(broken) };
    const { batch, retried } = batchOf([body], { attempts: 90, happened: (what) => happened.push(what) });
    await consumeDeadLetters(batch, { ...away, sendDeadLetter: async (sent) => void happened.push(sent) });
    expect([happened, retried.size]).toEqual([[body, "ack 0"], 0]);

    const refused = batchOf([body], { attempts: 90 });
    await expect(consumeDeadLetters(refused.batch, away)).rejects.toThrow();
    expect(refused.acked).toEqual([]);
  });
});
