import { describe, expect, it } from "vitest";
import { formatTimestamp } from "../../src/model/time/time";
import type { CallSession } from "../../src/pipeline/call-sessions";
import { consume } from "../../src/pipeline/consumer";
import { consumeDeadLetters } from "../../src/pipeline/dead-letters";
import type { Write } from "../../src/pipeline/write-groups";
import { databaseOf } from "../../src/storage/partitions/partition";
import { dropPartition, sealPartition } from "../../src/storage/partitions/partition-lifecycle";
import { writeBatch } from "../../src/storage/write/write-batch";
import { failingDatabase } from "../storage/failing-database";
import {
  batchOf,
  callSession,
  databases,
  envelopeOf,
  eventOf,
  partitions,
  pipelineWith,
  storedErrors,
  storedEvents,
} from "./harness";
import { OCCURRED_AT } from "./sample-events";

/** The real pipeline, except for sessions whose objects always fail, each with its message. */
function withFailing(messages: Record<string, string>) {
  const failing: CallSession = (session, call) => {
    const message = messages[session];
    return message === undefined ? callSession(session, call) : Promise.reject(new Error(message));
  };
  return pipelineWith({ callSession: failing });
}

const away = databases.map((database) => failingDatabase(database, "D1_ERROR: Network connection lost."));

async function statusOf(sessions: string[], ids: string[]) {
  const stored = (await Promise.all(sessions.map(storedEvents))).flat().map(({ id }) => id);
  const errors = await storedErrors(ids);
  return { stored: stored.sort(), failed: errors.map(({ event_id, codes }) => `${event_id} ${codes.join()}`).sort() };
}

describe("a dead letter", () => {
  it("that succeeds now is stored as usual", async () => {
    const { batch, acked } = batchOf([
      envelopeOf([
        ["w1", eventOf("works")],
        ["w2", eventOf("works", { data: 7 })],
      ]),
      "malformed",
    ]);
    await consumeDeadLetters(batch, pipelineWith());
    expect(acked).toEqual([0, 1]);
    expect(await statusOf(["works"], ["w1", "w2", "message-1"])).toEqual({
      stored: ["w1"],
      failed: ["message-1 delivery_failed", "w2 data_invalid"],
    });
  });

  it("whose session always fails becomes errors with their whole content, and its neighbours are stored", async () => {
    const body = envelopeOf([
      ["s1", eventOf("sick")],
      ["s2", eventOf("sick", { data: [] })],
      ["h1", eventOf("healthy")],
      ["s3", eventOf("sick", { timestamp: "never" })],
      ["s4", eventOf("sick", { timestamp: "9999-12-31 23:59:59" })],
    ]);
    const { batch, acked } = batchOf([body, envelopeOf([["h2", eventOf("healthy")]])]);
    const lines: Record<string, unknown>[] = [];
    await consumeDeadLetters(batch, { ...withFailing({ sick: "a bug" }), log: (line) => lines.push(line) });
    expect(acked).toEqual([0, 1]);
    expect(await statusOf(["sick", "healthy"], ["s1", "s2", "s3", "s4", "h1", "h2"])).toEqual({
      stored: ["h1", "h2"],
      failed: ["s1", "s2", "s3", "s4"].map((id) => `${id} delivery_failed`),
    });
    expect(await storedErrors(["s1"])).toMatchObject([
      { session_id: "sick", application: "shop", content: JSON.stringify(eventOf("sick")) },
    ]);
    expect(lines).toMatchObject([{ log: "dead_letters", messages: 2, stored: 2, undeliverable: 4, waiting: 0 }]);
  });

  it("becomes one error, however often it is delivered", async () => {
    const body = envelopeOf([["r1", eventOf("repeated")]]);
    await consumeDeadLetters(batchOf([body, body]).batch, withFailing({ repeated: "a bug" }));
    await consumeDeadLetters(batchOf([body], { attempts: 7 }).batch, withFailing({ repeated: "another bug" }));
    expect(await statusOf(["repeated"], ["r1"])).toEqual({ stored: [], failed: ["r1 delivery_failed"] });
  });

  it("stays an error after a crash before its acknowledgement, even if its session works again", async () => {
    const body = envelopeOf([["x1", eventOf("crashed")]]);
    await consumeDeadLetters(batchOf([body]).batch, withFailing({ crashed: "a bug" }));
    const { batch, acked } = batchOf([body], { attempts: 2 });
    await consumeDeadLetters(batch, pipelineWith());
    expect(acked).toEqual([0]);
    expect(await statusOf(["crashed"], ["x1"])).toEqual({ stored: [], failed: ["x1 delivery_failed"] });
  });

  it("waits two attempts for an overloaded object", async () => {
    const body = envelopeOf([["p1", eventOf("patient")]]);
    for (const attempts of [1, 2]) {
      const { batch, acked, retried } = batchOf([body], { attempts });
      await consumeDeadLetters(batch, withFailing({ patient: "overloaded" }));
      expect([acked, retried]).toEqual([[], new Map([[0, 60 * attempts]])]);
    }
    expect(await storedErrors(["p1"])).toEqual([]);
    const { batch, acked } = batchOf([body], { attempts: 3 });
    await consumeDeadLetters(batch, withFailing({ patient: "overloaded" }));
    expect(acked).toEqual([0]);
    expect(await statusOf(["patient"], ["p1"])).toEqual({ stored: [], failed: ["p1 delivery_failed"] });
  });

  it("does not duplicate stored events, and keeps other content under their ids as errors", async () => {
    const stored = envelopeOf([["d1", eventOf("doubled")]]);
    await consume(batchOf([stored]).batch, pipelineWith());
    const other = envelopeOf([
      ["d1", eventOf("doubled", { data: { other: true } })],
      ["d2", eventOf("doubled")],
      ["d1", eventOf("doubled", { timestamp: formatTimestamp(OCCURRED_AT + 1) })],
    ]);
    const { batch, acked } = batchOf([stored, other]);
    await consumeDeadLetters(batch, withFailing({ doubled: "a bug" }));
    expect(acked).toEqual([0, 1]);
    expect(await statusOf(["doubled"], ["d1", "d2"])).toEqual({
      stored: ["d1"],
      failed: ["d1 delivery_failed", "d1 delivery_failed", "d2 delivery_failed"],
    });
    const contents = (await storedErrors(["d1"])).map(({ content }) => content);
    expect(contents.filter((content) => content?.includes('"other":true'))).toHaveLength(1);
  });

  it("does not duplicate events of a closed partition or lose those of a dropped one", async () => {
    const ofYear = (year: number) => eventOf("closed", { timestamp: `${year}-06-01 00:00:00` });
    const body = envelopeOf([
      ["sealed", ofYear(2001)],
      ["dropped", ofYear(2002)],
    ]);
    await consume(batchOf([body]).batch, pipelineWith());
    const map = await partitions.latest();
    const [sealed, dropped] = map.overlapping(Date.UTC(2001, 5) * 1_000, Date.UTC(2002, 5) * 1_000);
    if (sealed === undefined || dropped === undefined) throw new Error("two partitions");
    await sealPartition(databases, sealed);
    await dropPartition(databases, dropped);
    await partitions.latest();
    const { batch, acked } = batchOf([body]);
    await consumeDeadLetters(batch, withFailing({ closed: "a bug" }));
    expect(acked).toEqual([0]);
    expect(await statusOf(["closed"], ["sealed", "dropped"])).toEqual({
      stored: ["sealed"],
      failed: ["dropped delivery_failed"],
    });
  });

  it("is not marked undeliverable in part, since a redelivered part could succeed and be in both tables", async () => {
    const bodies = [
      envelopeOf([["g1", eventOf("hopeless")]]),
      envelopeOf([
        ["g2", eventOf("hopeless")],
        ["g3", eventOf("busy")],
      ]),
      envelopeOf([["g4", eventOf("unconcerned")]]),
    ];
    const { batch, acked } = batchOf(bodies);
    await consumeDeadLetters(batch, withFailing({ hopeless: "a bug", busy: "overloaded" }));
    expect(acked).toEqual([2]);
    expect(await storedErrors(["g1", "g2", "g3"])).toEqual([]);
    await consumeDeadLetters(batchOf(bodies.slice(0, 2), { attempts: 2 }).batch, pipelineWith());
    const status = await statusOf(["hopeless", "busy", "unconcerned"], ["g1", "g2", "g3", "g4"]);
    expect(status).toEqual({ stored: ["g1", "g2", "g3", "g4"], failed: [] });
  });

  it("becomes an error if the database rejects its rows", async () => {
    const body = envelopeOf([
      ["q1", eventOf("rejected")],
      ["q2", eventOf("accepted")],
    ]);
    const write: Write = async (database, rows, mayHold) => {
      const sessions = rows.events.flatMap((lane) => lane.rows.map(({ session }) => session));
      if (sessions.includes("rejected")) throw new Error("D1_ERROR: string or blob too big: SQLITE_TOOBIG");
      return writeBatch(database, rows, mayHold);
    };
    const { batch, acked } = batchOf([body]);
    await consumeDeadLetters(batch, pipelineWith({ write }));
    expect(acked).toEqual([0]);
    expect(await statusOf(["rejected", "accepted"], ["q1", "q2"])).toEqual({
      stored: ["q2"],
      failed: ["q1 delivery_failed"],
    });
    expect((await storedErrors(["q1"]))[0]).toMatchObject({ content: JSON.stringify(eventOf("rejected")) });
  });

  it("waits for an overloaded database, whatever its attempts", async () => {
    const body = envelopeOf([["o1", eventOf("overloaded")]]);
    const write: Write = () => Promise.reject(new Error("D1_ERROR: D1 DB is overloaded. Too many requests queued."));
    const { batch, acked } = batchOf([body], { attempts: 10 });
    await consumeDeadLetters(batch, pipelineWith({ write }));
    expect(acked).toEqual([]);
    await consumeDeadLetters(batchOf([body], { attempts: 11 }).batch, pipelineWith());
    expect(await statusOf(["overloaded"], ["o1"])).toEqual({ stored: ["o1"], failed: [] });
  });

  it("waits, unacknowledged, while the databases are unavailable", async () => {
    const body = envelopeOf([["a1", eventOf("away")]]);
    for (const attempts of [1, 5, 29]) {
      const { batch, acked, retried } = batchOf([body, "malformed"], { attempts });
      await consumeDeadLetters(batch, { ...withFailing({ away: "a bug" }), databases: away });
      expect(acked).toEqual([]);
      expect([...retried.values()]).toEqual([Math.min(3_600, 60 * attempts), Math.min(3_600, 60 * attempts)]);
    }
  });

  it("waits while the database that may contain its event is unavailable, and is marked undeliverable afterwards", async () => {
    const partition = (await partitions.covering([OCCURRED_AT])).find(OCCURRED_AT);
    if (partition === null) throw new Error("no partition");
    const session = Array.from({ length: 99 }, (_, n) => `holds-${n}`).find((one) => databaseOf(partition, one) === 2);
    const body = envelopeOf([["l1", eventOf(session ?? "")]]);
    let calls = 0;
    const failing: CallSession = () => {
      calls += 1;
      return Promise.reject(new Error("a bug"));
    };
    const [zero, one, two] = [databases[0], databases[1], away[2]];
    if (zero === undefined || one === undefined || two === undefined) throw new Error("three databases");
    const { batch, acked } = batchOf([body], { attempts: 10 });
    await consumeDeadLetters(batch, pipelineWith({ callSession: failing, databases: [zero, one, two] }));
    expect(acked).toEqual([]);
    await consumeDeadLetters(batchOf([body], { attempts: 11 }).batch, pipelineWith({ callSession: failing }));
    expect((await storedErrors(["l1"])).map(({ codes }) => codes.join())).toEqual(["delivery_failed"]);
    expect(calls).toBeGreaterThan(0);
  });

  it("is sent again before the platform would delete it, and acknowledged only after that", async () => {
    const body = envelopeOf([["n1", eventOf("renewed")]]);
    const happened: unknown[] = [];
    const pipeline = pipelineWith({ databases: away });
    const { batch, retried } = batchOf([body], { attempts: 30, happened: (what) => happened.push(what) });
    await consumeDeadLetters(batch, { ...pipeline, sendDeadLetter: async (sent) => void happened.push(sent) });
    expect([happened, retried.size]).toEqual([[JSON.stringify(body), "ack 0"], 0]);

    const refused = batchOf([body], { attempts: 30 });
    await expect(consumeDeadLetters(refused.batch, pipeline)).rejects.toThrow("no dead letter was expected");
    expect(refused.acked).toEqual([]);
  });
});
