import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { beginErasure } from "../../../src/compaction/erasure/begin-erasure";
import type { ErasureIo } from "../../../src/compaction/erasure/erasure-io";
import { runErasureStep } from "../../../src/compaction/erasure/erasure-step";
import type { ErasureMessage } from "../../../src/model/erasure";
import { processBatch } from "../../../src/pipeline/process-batch";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { packId } from "../../../src/storage/core/packed-id";
import { loadErasure } from "../../../src/storage/erasures/erasure-records";
import type { Subject } from "../../../src/storage/erasures/subject";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { batchOf, envelopeOf, eventOf, partitions, pipelineWith } from "../../pipeline/harness";
import { RECEIVED_AT } from "../../pipeline/sample-events";
import { emptyDatabases } from "../../storage/empty-databases";
import { errorRow, eventRow, MINUTE, MORNING, nameOf, partitionsOf, store } from "../../storage/seed";
import { erasureIo } from "./erasure-harness";

const databases = databasesOf(env);
const first = firstDatabase(databases);

beforeEach(() => emptyDatabases(databases));

const NARROW = 15 * MINUTE;

/** Later than everything that a test stores before an erasure. */
const REQUESTED_AT = MORNING + 600 * MINUTE;

function ioWith(changes: Partial<ErasureIo> = {}, pending: ErasureMessage[] = []): ErasureIo {
  return erasureIo({
    sendErasure: async (message) => void pending.push(message),
    now: () => REQUESTED_AT + MINUTE,
    ...changes,
  });
}

/** Erases a subject, step by step. @returns the erasure after the last step */
async function erase(subject: Subject, { transactionsPerStep = 40, times = 1, now = REQUESTED_AT } = {}) {
  const pending: ErasureMessage[] = [];
  const io = ioWith({ transactionsPerStep }, pending);
  const id = crypto.randomUUID();
  await beginErasure(io, subject, { id, now, requestedBy: null });
  pending.push({ v: 1, erasure: id, step: 0 });
  for (let steps = 0; pending.length > 0 && steps < 500; steps++) {
    const message = pending.shift();
    // Some messages are delivered twice, as queues may do.
    for (let n = 0; message !== undefined && n < times; n++) await runErasureStep(message, io);
  }
  const erasure = await loadErasure(first, id);
  expect(erasure?.status).toBe("done");
  return erasure;
}

/** Every row of every table, as text. */
async function everything(): Promise<string> {
  const texts = await Promise.all(
    databases.map(async ({ binding }) => {
      const { results } = await binding
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'")
        .all<{ name: string }>();
      const rows = await binding.batch(results.map(({ name }) => binding.prepare(`SELECT * FROM "${name}"`)));
      return JSON.stringify(rows.map((table) => table.results));
    }),
  );
  return texts.join("\n");
}

async function countOf(sql: string): Promise<number> {
  const counts = await Promise.all(databases.map(({ binding }) => binding.prepare(sql).first<number>("n")));
  return counts.reduce<number>((sum, n) => sum + (n ?? 0), 0);
}

async function storedNames(): Promise<string[]> {
  const names: string[] = [];
  for (const { binding } of databases) {
    const { results } = await binding
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'events_[0-9]*'")
      .all<{ name: string }>();
    for (const { name } of results) {
      const rows = await binding
        .prepare(
          `SELECT CASE WHEN typeof(session_id) = 'blob' THEN hex(session_id) ELSE session_id END AS session, id FROM ${name}`,
        )
        .all<{ session: string; id: string }>();
      names.push(...rows.results.map(nameOf));
    }
  }
  return names.sort();
}

const UUID = "0af7651c-cb4e-4e4e-80b5-f1ffddc25423";

describe.each(["session-a", UUID])("erasing the session %s", (session) => {
  const own = Array.from({ length: 30 }, (_, n) =>
    eventRow({
      ...{ session, occurredAt: MORNING + n * 4 * MINUTE, visitor: n % 2 === 0 ? "visitor-a" : null },
      data: JSON.stringify({ secret: `payload-of-a-${n}`, text: "x".repeat(n === 3 ? 9_000 : 9) }),
      context: '{"secret":"context-of-a"}',
      extra: '{"secret":"extra-of-a"}',
    }),
  );
  const others = Array.from({ length: 20 }, (_, n) =>
    eventRow({ session: `session-${n % 4}`, occurredAt: MORNING + n * 6 * MINUTE, visitor: "visitor-a" }),
  );
  const later = eventRow({
    session,
    id: "later",
    occurredAt: MORNING + MINUTE,
    receivedAt: REQUESTED_AT,
    visitor: "v",
  });

  it("leaves nothing of it in any lane, and everything of the others", async () => {
    await store(databases, { events: [...own.slice(0, 25), ...others, later] }, NARROW);
    for (const partition of (await partitionsOf(databases, NARROW).latest()).partitions.slice(0, 3)) {
      await sealPartition(databases, partition);
    }
    await store(
      databases,
      {
        events: own.slice(20),
        errors: [
          errorRow({ session, content: '{"secret":"error-of-a"}' }),
          errorRow({ session, id: "in-parts", content: null, parts: 2 }),
          errorRow({ session: "session-1", id: "of-another" }),
          errorRow({ session, id: "of-later", receivedAt: REQUESTED_AT, content: '{"later":1}' }),
        ],
        parts: [
          { session, errorId: "in-parts", part: 0, content: '{"secret":"part-' },
          { session, errorId: "in-parts", part: 1, content: 'of-a"}' },
        ],
      },
      NARROW,
    );
    const counted = await countOf("SELECT sum(events) AS n FROM counts WHERE seconds = 3600");
    const erasure = await erase({ kind: "session", id: session }, { transactionsPerStep: 3, times: 2 });
    expect(erasure).toMatchObject({ subject: null, events: 30, errors: 2, sessions: 1 });
    const left = await everything();
    for (const secret of ["-of-a", "part-"]) expect(left).not.toContain(secret);
    const stored = await storedNames();
    const named = packId(session).startsWith("x") ? session.replaceAll("-", "").toUpperCase() : session;
    expect(stored).toEqual([...others.map(nameOf), `${named} later`].sort());
    expect(await countOf("SELECT count(*) AS n FROM errors")).toBe(2);
    expect(await countOf("SELECT count(*) AS n FROM error_parts")).toBe(0);
    expect(await countOf("SELECT sum(events) AS n FROM counts WHERE seconds = 3600")).toBe(counted);
  });

  it("leaves windows and visits only if they still have an event", async () => {
    await store(databases, { events: [...own, later] });
    await erase({ kind: "session", id: session });
    const { results } = await first.binding
      .prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND (name GLOB 'activity_[0-9]*' OR name GLOB 'visits_[0-9]*')",
      )
      .all<{ name: string }>();
    for (const { name } of results) {
      expect(await countOf(`SELECT count(*) AS n FROM ${name}`), name).toBe(1);
    }
  });
});

it("also erases errors that a replay resolved into the session", async () => {
  const resolved = errorRow({ session: "undefined", id: "resolved", content: '{"secret":"of-a"}' });
  await store(databases, { errors: [resolved, errorRow({ session: "undefined", id: "other" })] });
  for (const { binding } of databases) {
    await binding
      .prepare("UPDATE errors SET resolved_at = 1, resolved_session = 'session-a' WHERE id = 'resolved'")
      .run();
  }
  expect(await erase({ kind: "session", id: "session-a" })).toMatchObject({ errors: 1 });
  expect(await countOf("SELECT count(*) AS n FROM errors")).toBe(1);
});

it("erases the sessions of a visitor, and errors that name the visitor", async () => {
  const seen = Array.from({ length: 50 }, (_, n) =>
    eventRow({ session: `seen-${n % 25}`, occurredAt: MORNING + n * MINUTE, visitor: n < 25 ? "visitor-a" : null }),
  );
  const others = Array.from({ length: 5 }, (_, n) => eventRow({ session: `other-${n}`, visitor: "visitor-b" }));
  const parts = ['{"visitor_id":"visi', 'tor-a","data":1}'];
  await store(
    databases,
    {
      events: [...seen, ...others],
      errors: [
        errorRow({ session: null, content: '{"visitor_id":"visitor-a","data":null}' }),
        errorRow({ session: null, content: '{"visitor_id":"visitor-b","data":"visitor-a"}' }),
        errorRow({ session: null, content: '"visitor-a"' }),
        errorRow({ session: null, id: "in-parts", content: null, parts: 2 }),
        errorRow({ session: "seen-3", content: "{}" }),
      ],
      parts: parts.map((content, part) => ({ session: null, errorId: "in-parts", part, content })),
    },
    NARROW,
  );
  const erasure = await erase({ kind: "visitor", id: "visitor-a" }, { transactionsPerStep: 7 });
  expect(erasure).toMatchObject({ sessions: 25, events: 50, errors: 3 });
  expect(await storedNames()).toEqual(others.map(nameOf).sort());
  expect(await countOf("SELECT count(*) AS n FROM errors")).toBe(2);
});

describe("an event that is still queued during an erasure", () => {
  const before = RECEIVED_AT + 100;
  const receivedLater = { received_at: RECEIVED_AT + MINUTE };

  async function processed(): Promise<void> {
    const visited = eventOf("session-c", { visitor_id: "visitor-a" });
    const failing = eventOf("session-b", { data: null, visitor_id: "visitor-a" });
    const bodies = [
      envelopeOf([
        ["1", eventOf("session-a")],
        ["2", eventOf("session-b")],
      ]),
      envelopeOf([
        ["3", visited],
        ["4", eventOf("session-a", { data: null })],
        ["5", failing],
      ]),
      envelopeOf(
        [
          ["6", eventOf("session-a")],
          ["7", visited],
        ],
        receivedLater,
      ),
    ];
    const { undelivered } = await processBatch(batchOf(bodies).batch.messages, pipelineWith({ partitions }));
    expect(undelivered).toEqual([]);
  }

  it("is not stored if it was received before, whether valid or not", async () => {
    await erase({ kind: "session", id: "session-a" }, { now: before });
    await erase({ kind: "visitor", id: "visitor-a" }, { now: before });
    await processed();
    expect(await storedNames()).toEqual(["session-a 6", "session-b 2", "session-c 7"]);
    expect(await countOf("SELECT count(*) AS n FROM errors")).toBe(0);
  });

  it("is stored as usual if nothing was erased", async () => {
    await processed();
    expect(await storedNames()).toHaveLength(5);
    expect(await countOf("SELECT count(*) AS n FROM errors")).toBe(2);
  });

  it("is not stored by a writer that does not know the erasure yet", async () => {
    const pipeline = pipelineWith({ partitions });
    const message = (id: string) =>
      batchOf([
        envelopeOf([
          [id, eventOf("session-a")],
          [`${id}-b`, eventOf("session-b")],
        ]),
      ]);
    await processBatch(message("1").batch.messages, pipeline);
    let isErased = false;
    const { undelivered } = await processBatch(message("2").batch.messages, {
      ...pipeline,
      // Between the check of the erasures and the write.
      write: async (database, rows, mayHold) => {
        if (!isErased) {
          isErased = true;
          await erase({ kind: "session", id: "session-a" }, { now: before });
        }
        return pipeline.write(database, rows, mayHold);
      },
    });
    expect(undelivered).toEqual([]);
    expect(await storedNames()).toEqual(["session-b 1-b", "session-b 2-b"]);
  });
});
