import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { consume } from "../../src/pipeline/consumer";
import { candidateDatabases, type Database, homeDatabase } from "../../src/storage/databases";
import { writeBatch } from "../../src/storage/write-batch";
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
import { OCCURRED_AT, RECEIVED_AT, SAMPLE_EVENTS, SESSION } from "./sample-events";

const named = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

/** A session whose candidates are exactly these databases. */
function sessionAmong(prefix: string, candidates: number[]): string {
  const found = named(prefix, 1_000).find((session) => candidateDatabases(session, 3).join() === candidates.join());
  if (found === undefined) throw new Error("no such session among a thousand");
  return found;
}

const broken = (database: Database): Database => {
  const refuse = () => {
    throw new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long.");
  };
  return { ...database, binding: Object.assign(Object.create(database.binding), { prepare: refuse, batch: refuse }) };
};

describe("a batch", () => {
  it("with the brief's three events stores them in the order of their receipt, at one moment to the microsecond", async () => {
    const events = SAMPLE_EVENTS.map((event, index): [string, unknown] => [`sample-${index}`, event]);
    const { batch, acked } = batchOf([envelopeOf(events)]);
    await consume(batch, pipelineWith());
    expect(acked).toEqual([0]);
    expect(await storedEvents(SESSION)).toEqual(
      SAMPLE_EVENTS.map(({ category, name, data }, index) => ({
        id: `sample-${index}`,
        sequence: index + 1,
        application: "shop",
        category,
        name,
        occurred_at: OCCURRED_AT,
        received_at: RECEIVED_AT + index,
        opens: index === 0 ? 1 : 0,
        data: JSON.stringify(data),
        database: homeDatabase(SESSION, 3),
      })),
    );
  });

  it("with both copies of a message stores its events once, and acknowledges both", async () => {
    const body = envelopeOf([
      ["a", eventOf("copies")],
      ["b", eventOf("copies", { data: null })],
      ["c", 7],
    ]);
    const { batch, acked } = batchOf([body, structuredClone(body)]);
    await consume(batch, pipelineWith());
    expect(acked).toEqual([0, 1]);
    expect((await storedEvents("copies")).map(({ id }) => id)).toEqual(["a"]);
    expect((await storedErrors(["b", "c"])).map(({ event_id, codes }) => [event_id, codes]).sort()).toEqual([
      ["b", ["data_invalid"]],
      ["c", ["event_invalid"]],
    ]);
  });

  it("without messages, or with messages without events, is nothing to do", async () => {
    const { batch, acked } = batchOf([envelopeOf([])]);
    const write = () => Promise.reject(new Error("nothing to write"));
    await consume(batch, pipelineWith({ write }));
    await consume(batchOf([]).batch, pipelineWith({ write }));
    expect(acked).toEqual([0]);
  });

  it("with poison keeps it as an error and takes its neighbours through", async () => {
    const { batch, acked } = batchOf(["poison", envelopeOf([["beside-poison", eventOf("neighbour")]]), null]);
    await consume(batch, pipelineWith());
    expect(acked).toEqual([0, 1, 2]);
    expect(await storedEvents("neighbour")).toHaveLength(1);
    expect(
      (await storedErrors(["message-0", "message-2"])).map(({ content, codes }) => [content, codes]).sort(),
    ).toEqual([
      ['"poison"', ["delivery_failed"]],
      ["null", ["delivery_failed"]],
    ]);
  });

  it("writes one line to the log, without payloads", async () => {
    const lines: Record<string, unknown>[] = [];
    const body = envelopeOf([
      ["a", eventOf("logged", { data: { secret: "S3cret" } })],
      ["b", eventOf("logged", { data: "S3cret" })],
    ]);
    await consume(batchOf([body, body]).batch, pipelineWith({ log: (line) => lines.push(line) }));
    expect(lines).toMatchObject([
      {
        log: "batch",
        messages: 2,
        events: 4,
        sessions: 1,
        stored: 1,
        failed: 1,
        duplicates: 2,
        retried: 0,
        dead_letters: 0,
        reasons: [],
      },
    ]);
    expect(JSON.stringify(lines)).not.toContain("S3cret");
  });
});

describe("acknowledgement", () => {
  it("comes after every commit", async () => {
    const happened: string[] = [];
    const { batch } = batchOf(
      named("order", 30).map((session) => envelopeOf([["a", eventOf(session)]])),
      { happened: (what) => happened.push(what) },
    );
    const write = async (database: Database, rows: Parameters<typeof writeBatch>[1]) => {
      await writeBatch(database, rows);
      happened.push(`commit ${database.index}`);
    };
    await consume(batch, pipelineWith({ write }));
    expect(happened.slice(0, 3).sort()).toEqual(["commit 0", "commit 1", "commit 2"]);
    expect(happened.slice(3)).toEqual(batch.messages.map((_, place) => `ack ${place}`));
  });

  it("waits for the dead letters to have what is sent there, and leaves all after it where they refuse", async () => {
    const bodies = ["dead-a", "dead-b"].map((session) => envelopeOf([[session, eventOf(session)]]));
    const callGroup = () => Promise.reject(new Error("a bug"));
    const sent: unknown[] = [];
    const first = batchOf(bodies, { attempts: 5, happened: (what) => sent.push(what) });
    await consume(first.batch, pipelineWith({ callGroup, sendDeadLetter: async (body) => void sent.push(body) }));
    expect(sent).toEqual([bodies[0], "ack 0", bodies[1], "ack 1"]);
    const second = batchOf(bodies, { attempts: 5 });
    await expect(consume(second.batch, pipelineWith({ callGroup }))).rejects.toThrow("no dead letter was expected");
    expect(second.acked).toEqual([]);
  });
});

describe("a failing part delays only the messages that contain it", () => {
  it("where the group of one session fails because of it", async () => {
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
    const real = pipelineWith();
    const callGroup = eachSession((call, rules) =>
      call.session === "sick" ? Promise.reject(new Error("a bug")) : acceptOne(call, rules),
    );
    await consume(batch, { ...real, callGroup });
    expect([acked, [...retried.keys()]]).toEqual([[1], [0, 2]]);
    expect((await storedEvents("well-1")).map(({ id }) => id).sort()).toEqual(["b", "c"]);
    const later = batchOf(bodies, { attempts: 2 });
    await consume(later.batch, real);
    expect(later.acked).toEqual([0, 1, 2]);
    expect((await storedEvents("well-1")).map(({ id }) => id).sort()).toEqual(["b", "c"]);
    expect(await storedEvents("sick")).toHaveLength(1);
  });

  it("where one database of three is away, new sessions that cannot lie there included", async () => {
    const sessions = {
      free: sessionAmong("away", [0, 1]),
      candidate: sessionAmong("away", [0, 2]),
      first: sessionAmong("away", [0]),
    };
    const real = pipelineWith();
    const known = sessionAmong("away-known", [0, 2]);
    await consume(batchOf([envelopeOf([["old", eventOf(known)]])]).batch, real);

    const bodies = [sessions.free, sessions.candidate, sessions.first, known].map((session) =>
      envelopeOf([["a", eventOf(session)]]),
    );
    const away = {
      ...real,
      databases: databases.map((database) => (database.index === 2 ? broken(database) : database)),
    };
    const { batch, acked, retried } = batchOf(bodies);
    await consume(batch, away);
    expect([acked, [...retried.keys()]]).toEqual([
      [0, 2],
      [1, 3],
    ]);
    const later = batchOf(bodies, { attempts: 2 });
    await consume(later.batch, real);
    expect(later.acked).toEqual([0, 1, 2, 3]);
    for (const session of [sessions.free, sessions.candidate, sessions.first]) {
      expect((await storedEvents(session)).map(({ sequence }) => sequence)).toEqual([1]);
    }
    expect((await storedEvents(known)).map(({ sequence }) => sequence)).toEqual([1, 2]);
  });
});

it("a session whose object has forgotten it goes on where D1 says it was", async () => {
  const session = "forgotten";
  const real = pipelineWith();
  const body = envelopeOf([
    ["a", eventOf(session)],
    ["b", eventOf(session)],
  ]);
  await consume(batchOf([body]).batch, real);
  // Another object of the same class, which has never heard of the session.
  const callGroup: typeof real.callGroup = (group, call) => env.SESSIONS.getByName(`other ${group}`).accept(call);
  const next = envelopeOf(
    [
      ["b", eventOf(session)],
      ["c", eventOf(session)],
    ],
    { received_at: RECEIVED_AT + 1_000 },
  );
  await consume(batchOf([next]).batch, { ...real, callGroup });
  const found = await storedEvents(session);
  expect(found.map(({ id, sequence, opens }) => [id, sequence, opens])).toEqual([
    ["a", 1, 1],
    ["b", 2, 0],
    ["c", 3, 0],
  ]);
});
