import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { SESSION_OBJECT_RETENTION_MS } from "../../src/model/limits";
import { cleanUpSessions } from "../../src/pipeline/clean-up";
import { consume } from "../../src/pipeline/consumer";
import { homeDatabase } from "../../src/storage/databases";
import { dueCleanUps } from "../../src/storage/session-clean-ups";
import { writeBatch } from "../../src/storage/write-batch";
import { batchOf, databases, envelopeOf, eventOf, pipelineWith, storedEvents } from "./harness";
import { RECEIVED_AT } from "./sample-events";

const sessions = Array.from({ length: 6 }, (_, index) => `tidy-${index}`);
const FOREVER = Number.MAX_SAFE_INTEGER;
const MONTH_MS = 30 * 86_400_000;

/** A batch with an event for each session, one of them with a failed event alone. "b" is received after "a". */
function traffic(id: "a" | "b") {
  const events = sessions.map((session, index): [string, unknown] => [
    `${id}-${index}`,
    eventOf(session, index === 5 ? { data: 7 } : {}),
  ]);
  return batchOf([envelopeOf(events, { received_at: RECEIVED_AT + (id === "a" ? 0 : 1_000) })]).batch;
}

async function enlisted(): Promise<string[]> {
  const rows = await Promise.all(databases.map((database) => dueCleanUps(database, FOREVER, 1_000)));
  return rows.flat().flatMap((row) => row.sessions);
}

const rowsIn = (session: string) =>
  runInDurableObject(env.SESSIONS.getByName(session), (_, { storage }) => [...storage.kv.list()].length);

/** Runs the clean-up as it would run a while from now, with objects that think so too. */
async function runLater(ms: number, cleanUp?: (session: string) => Promise<number | null>): Promise<unknown[]> {
  const lines: unknown[] = [];
  const now = () => Date.now() + ms;
  const asked = (session: string) =>
    runInDurableObject(env.SESSIONS.getByName(session), async (instance) => {
      const real = Date.now;
      Date.now = () => real() + ms;
      try {
        return await instance.cleanUp();
      } finally {
        Date.now = real;
      }
    });
  await cleanUpSessions({ databases, cleanUp: cleanUp ?? asked, now, log: (line) => lines.push(line) });
  return lines;
}

beforeEach(async () => {
  await runLater(MONTH_MS);
  const tables = ["events", "errors", "session_clean_ups"];
  for (const { binding } of databases) {
    await binding.batch(tables.map((table) => binding.prepare(`DELETE FROM ${table}`)));
  }
});

describe("the list of clean-ups", () => {
  it("names each session that a batch began, once, in its own database, with one row a batch and database", async () => {
    await consume(traffic("a"), pipelineWith());
    await consume(traffic("b"), pipelineWith());
    for (const database of databases) {
      const rows = await dueCleanUps(database, FOREVER, 1_000);
      const own = sessions.filter((session) => homeDatabase(session, databases.length) === database.index);
      expect(rows.flatMap((row) => row.sessions).sort()).toEqual(own);
      // One of the events, one of the errors.
      expect(rows.length).toBeLessThanOrEqual(own.includes("tidy-5") ? 2 : 1);
      for (const { dueAt } of rows) {
        expect(Math.abs(dueAt - Date.now() - SESSION_OBJECT_RETENTION_MS)).toBeLessThan(60_000);
      }
    }
  });

  it("is written by the redelivery if the first delivery died after its sessions had decided", async () => {
    const dying = pipelineWith({ write: () => Promise.reject(new Error("D1_ERROR: D1 DB is overloaded.")) });
    await consume(traffic("a"), dying);
    expect(await enlisted()).toEqual([]);
    await consume(traffic("b"), pipelineWith());
    await consume(traffic("a"), pipelineWith());
    expect((await enlisted()).sort()).toEqual(sessions);
  });

  it("is not written again by a redelivery, but for a session that began with a failure", async () => {
    await consume(traffic("a"), pipelineWith());
    await consume(traffic("a"), pipelineWith());
    expect((await enlisted()).sort()).toEqual([...sessions, "tidy-5"]);
  });

  it("is written for an object that forgot a failure and is sent it again", async () => {
    const failing = () => batchOf([envelopeOf([["again", eventOf("tidy-5", { data: 7 })]])]).batch;
    await consume(failing(), pipelineWith());
    await runLater(MONTH_MS);
    await consume(failing(), pipelineWith());
    expect(await rowsIn("tidy-5")).toBe(1);
    expect(await enlisted()).toEqual(["tidy-5"]);
  });

  it("grows in the transaction of the events, or not at all", async () => {
    const event = { ...rowOf("whole"), cleanUpAt: 5 };
    const first = databases[0];
    if (first === undefined) throw new Error("there is no database");
    const broken = { ...first, binding: failingAtEvents(first.binding) };
    await expect(writeBatch(broken, { events: [event], errors: [], parts: [] })).rejects.toThrow();
    expect(await enlisted()).toEqual([]);
    await writeBatch(first, { events: [event], errors: [], parts: [] });
    expect(await enlisted()).toEqual(["whole"]);
  });
});

describe("cleaning up", () => {
  it("empties the objects that are due, takes them off the list, and leaves the events", async () => {
    await consume(traffic("a"), pipelineWith());
    expect(await runLater(SESSION_OBJECT_RETENTION_MS - 3_600_000)).toEqual([]);
    expect(await rowsIn("tidy-0")).toBe(1);
    expect(await runLater(SESSION_OBJECT_RETENTION_MS + 60_000)).toEqual([
      { log: "clean_up", sessions: 6, again: 0, failed: 0 },
    ]);
    expect(await Promise.all(sessions.map(rowsIn))).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await enlisted()).toEqual([]);
    expect(await storedEvents("tidy-0")).toHaveLength(1);
  });

  it("enlists a session that goes on afterwards anew, and knows its events again", async () => {
    await consume(traffic("a"), pipelineWith());
    await runLater(SESSION_OBJECT_RETENTION_MS + 60_000);
    await consume(
      batchOf([
        envelopeOf([
          ["a-0", eventOf("tidy-0")],
          ["new", eventOf("tidy-0")],
        ]),
      ]).batch,
      pipelineWith(),
    );
    expect((await storedEvents("tidy-0")).map(({ id, sequence }) => [id, sequence])).toEqual([
      ["a-0", 1],
      ["new", 2],
    ]);
    expect(await enlisted()).toEqual(["tidy-0"]);
  });

  it("looks again later where a session is active, and where its object cannot be asked", async () => {
    await consume(traffic("a"), pipelineWith());
    const at = SESSION_OBJECT_RETENTION_MS + 60_000;
    const again = Date.now() + 2 * at;
    const answer = async (session: string) => {
      if (session === "tidy-1") throw new Error("Network connection lost.");
      return session === "tidy-0" ? again : null;
    };
    expect(await runLater(at, answer)).toEqual([{ log: "clean_up", sessions: 6, again: 2, failed: 1 }]);
    expect((await enlisted()).sort()).toEqual(["tidy-0", "tidy-1"]);
    expect(await runLater(at)).toEqual([]);
    expect(await runLater(at + 3_700_000, async () => null)).toMatchObject([{ sessions: expect.any(Number) }]);
  });

  it("goes through more rows than it reads at once, and stops at its bound", async () => {
    const [first] = databases;
    if (first === undefined) throw new Error("there is no database");
    const insert =
      "INSERT INTO session_clean_ups SELECT 1, value, json_array('tmany-' || value, 'tmore-' || value) FROM json_each(?1)";
    const numbers = JSON.stringify(Array.from({ length: 5_000 }, (_, index) => String(index)));
    await first.binding.prepare(insert).bind(numbers).run();
    const asked: string[] = [];
    const answer = async (session: string) => {
      asked.push(session);
      return null;
    };
    await runLater(0, answer);
    expect(asked).toHaveLength(9_000);
    await runLater(0, answer);
    expect(new Set(asked).size).toBe(10_000);
    expect(await enlisted()).toEqual([]);
  });
});

function rowOf(session: string) {
  return {
    ...{ session, sequence: 1, id: "a", application: "shop", category: "page interaction", name: "pageview" },
    ...{ occurredAt: 1_000_000, receivedAt: 1_000_000, opens: true, data: "{}" },
  };
}

/** A database whose transactions end in a statement that fails. */
function failingAtEvents(binding: D1Database): D1Database {
  const batch = (statements: D1PreparedStatement[]) =>
    binding.batch([...statements, binding.prepare("INSERT INTO events (occurred_at) VALUES (NULL)")]);
  return Object.assign(Object.create(binding), { prepare: (sql: string) => binding.prepare(sql), batch });
}
