import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { Database } from "../../src/storage/databases";
import { CODE_BITS } from "../../src/storage/error-codes";
import { packId } from "../../src/storage/packed-id";
import type { BatchRows, EventRow } from "../../src/storage/rows";
import { writeBatch } from "../../src/storage/write-batch";
import { meter } from "../pipeline/meter";
import { errorRow, eventRow, MINUTE, MORNING } from "./seed";

const database: Database = { index: 0, binding: env.DB };
const TABLES = ["events", "counts", "series_minutes", "series", "categories", "errors", "error_parts"];

const rowsOf = (rows: Partial<BatchRows>): BatchRows => ({ events: [], errors: [], parts: [], ...rows });
const write = (rows: Partial<BatchRows>) => writeBatch(database, rowsOf(rows));

async function all<Row = Record<string, unknown>>(sql: string): Promise<Row[]> {
  return (await env.DB.prepare(sql).all<Row>()).results;
}

const everything = async () => Promise.all(TABLES.map((table) => all(`SELECT * FROM ${table}`)));

/** What the counts say, and what they should: by series, of all series together, and in which minutes each occurs. */
async function countsBesideEvents() {
  const widths = "(SELECT 60 AS seconds UNION ALL SELECT 3600 UNION ALL SELECT 86400)";
  const bucket = "occurred_at / 1000000 / seconds * seconds AS bucket";
  return {
    counted: [
      await all(`SELECT seconds, CAST(key AS INTEGER) AS series_id, bucket, value AS events
        FROM counts, json_each(by_series) ORDER BY 1, 2, 3`),
      await all("SELECT seconds, page, bucket, events FROM counts ORDER BY 1, 2, 3"),
      await all("SELECT series_id, minute FROM series_minutes ORDER BY 1, 2"),
    ],
    expected: [
      await all(`SELECT seconds, series_id, ${bucket}, count(*) AS events
        FROM events CROSS JOIN ${widths} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`),
      await all(`SELECT seconds, series_id / 256 AS page, ${bucket}, count(*) AS events
        FROM events CROSS JOIN ${widths} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`),
      await all("SELECT DISTINCT series_id, occurred_at / 60000000 * 60 AS minute FROM events ORDER BY 1, 2"),
    ],
  };
}

beforeEach(async () => {
  await env.DB.batch(TABLES.map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
});

describe("events", () => {
  it("come back as they were given, to the microsecond and the character", async () => {
    const row = eventRow({
      session: "e2085be5-9137-4e4e-80b5-f1ffddc25423",
      id: "\u{1F600} 日本 'quoted\" \\",
      category: "x",
      name: "42",
      application: "null",
      occurredAt: 1_609_492_527_243_861,
      receivedAt: 1_609_492_527_243_860,
      opens: true,
      data: '{"nul":"\\u0000","half":"\\ud800","big":1e300,"__proto__":{"a":[1.5,null]}}',
    });
    await write({ events: [row] });
    const [found] = await all(
      `SELECT lower(hex(session_id)) AS session, typeof(session_id) AS kind, sequence, id, category, name, application,
         occurred_at, received_after, opens, data, typeof(occurred_at) AS time FROM events
       JOIN series USING (series_id) JOIN categories ON categories.category_id = events.category_id`,
    );
    expect(found).toEqual({
      session: packId(row.session).slice(1),
      kind: "blob",
      sequence: row.sequence,
      id: row.id,
      category: "x",
      name: "42",
      application: "null",
      occurred_at: row.occurredAt,
      received_after: -1,
      opens: 1,
      data: row.data,
      time: "integer",
    });
  });

  it("are refused as a whole where one value is not of its column's type", async () => {
    const bad = eventRow({ occurredAt: MORNING + 0.5 });
    await expect(write({ events: [eventRow(), bad], errors: [errorRow()] })).rejects.toThrow(/INTEGER/);
    expect((await everything()).flat()).toEqual([]);
  });

  it("share numbers by category, name and application, and by nothing less", async () => {
    const types = [
      ["a", "b", "c"],
      ["a", "b", "d"],
      ["a", "c", "c"],
      ["b", "b", "c"],
      ["ab", "", "c"],
      ["a", "b", "c"],
    ] as const;
    await write({ events: types.map(([category, name, application]) => eventRow({ category, name, application })) });
    expect(await all("SELECT count(*) AS series, count(DISTINCT category_id) AS categories FROM series")).toEqual([
      { series: 5, categories: 3 },
    ]);
    const found = await all(
      "SELECT category, name, application, count(*) AS events FROM events JOIN series USING (series_id) JOIN categories ON categories.category_id = events.category_id GROUP BY 1, 2, 3 ORDER BY 4",
    );
    expect(found.at(-1)).toEqual({ category: "a", name: "b", application: "c", events: 2 });
  });
});

describe("the same rows again", () => {
  const anyEvents = fc.array(
    fc.record({
      session: fc.constantFrom("s", "e2085be5-9137-4e4e-80b5-f1ffddc25423"),
      minute: fc.nat({ max: 90 }),
      name: fc.constantFrom("a", "b"),
    }),
    { minLength: 1, maxLength: 30 },
  );

  const anyCuts = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.boolean()), { maxLength: 4 });

  it("change nothing, in whatever overlapping batches they come, and the counts are exact after each", async () => {
    await fc.assert(
      fc.asyncProperty(anyEvents, anyCuts, async (drafts, cuts) => {
        const events = drafts.map(({ session, minute, name }, index) =>
          eventRow({ session, name, sequence: index + 1, id: `${index}`, occurredAt: MORNING + minute * MINUTE }),
        );
        await env.DB.batch(TABLES.map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
        for (const [a, b, isRepeat] of [...cuts, [0, events.length, false] as const]) {
          const cut = events.slice(Math.min(a, b) % events.length, Math.max(a, b));
          const part = isRepeat ? cut.map((row, index) => (index === 0 ? { ...row, isRepeat } : row)) : cut;
          await write({ events: [...part, ...part.slice(0, 2)] });
          const { counted, expected } = await countsBesideEvents();
          expect(counted).toEqual(expected);
        }
        expect(await all("SELECT count(*) AS n FROM events")).toEqual([{ n: events.length }]);
      }),
      { numRuns: 40 },
    );
  });

  it("write no row at all", async () => {
    const rows = {
      events: [eventRow({ opens: true }), eventRow()],
      errors: [errorRow(), errorRow({ content: null, parts: 1 })],
      parts: [{ errorId: "e", part: 0, content: "text" }],
    };
    await write(rows);
    const before = await everything();
    const { databases, rowsWritten } = meter([database]);
    for (const one of databases) await writeBatch(one, rowsOf(rows));
    expect(rowsWritten()).toBe(0);
    expect(await everything()).toEqual(before);
  });
});

describe("a batch", () => {
  const transactionsOf = async (events: EventRow[]) => {
    const { databases, transactions } = meter([database]);
    for (const one of databases) await writeBatch(one, rowsOf({ events }));
    return transactions();
  };

  it("is one transaction if all is new, or if the session knew an event of it before", async () => {
    const [first, second] = [eventRow(), eventRow({ sequence: 2 })];
    expect(await transactionsOf([first])).toBe(1);
    expect(await transactionsOf([{ ...first, isRepeat: true }, second])).toBe(1);
    expect(await all("SELECT count(*) AS n FROM events")).toEqual([{ n: 2 }]);
  });

  it("is a second one where an event is stored that the session took for new: its answer was lost", async () => {
    const [first, second] = [eventRow(), eventRow({ sequence: 2 })];
    await write({ events: [first] });
    expect(await transactionsOf([first, second])).toBe(2);
    expect(await all("SELECT count(*) AS n FROM events")).toEqual([{ n: 2 }]);
    const { counted, expected } = await countsBesideEvents();
    expect(counted).toEqual(expected);
  });
});

describe("what is written", () => {
  it("is three rows per event, one more where it opens a slot, and one for each width and bucket", async () => {
    const warm = eventRow({ name: "warm" });
    await write({ events: [warm] });
    const { databases, rowsWritten } = meter([database]);
    const events = Array.from({ length: 100 }, (_, index) => eventRow({ name: "warm", opens: index < 7 }));
    for (const one of databases) await writeBatch(one, rowsOf({ events }));
    expect(rowsWritten()).toBe(3 * 100 + 7 + 3);
  });

  it("is one row of counts for each width and bucket, however many series occur in them", async () => {
    const inMinute = (minute: number) =>
      Array.from({ length: 150 }, (_, n) => eventRow({ name: `name ${n}`, occurredAt: MORNING + minute * MINUTE }));
    const writtenBy = async (events: EventRow[]) => {
      const { databases, rowsWritten } = meter([database]);
      for (const one of databases) await writeBatch(one, rowsOf({ events }));
      return rowsWritten() - 3 * events.length;
    };
    await write({ events: inMinute(0) });
    expect(await writtenBy(inMinute(0))).toBe(3);
    // The first event of a series in a minute notes that once more.
    expect(await writtenBy(inMinute(1))).toBe(3 + 150);
    // The minute, and its row of one more.
    expect(await writtenBy([...inMinute(0), ...inMinute(1)])).toBe(4);
    const { counted, expected } = await countsBesideEvents();
    expect(counted).toEqual(expected);
  });

  it("takes a few rows read for each event, whether few series occur or many", async () => {
    const readBy = async (series: number) => {
      const events = Array.from({ length: 300 }, (_, n) => eventRow({ name: `name ${n % series}` }));
      await write({ events });
      const { databases, rowsRead } = meter([database]);
      const others = events.map((row) => ({ ...row, sequence: row.sequence + 10_000 }));
      for (const one of databases) await writeBatch(one, rowsOf({ events: others }));
      return rowsRead() / events.length;
    };
    expect(await readBy(3)).toBeLessThan(15);
    expect(await readBy(250)).toBeLessThan(50);
  });

  it("goes to a row of counts for each page of 256 series", async () => {
    const events = Array.from({ length: 300 }, (_, n) => eventRow({ name: `name ${n}` }));
    await write({
      events: [...events, ...events.map((row) => ({ ...row, id: `again ${row.id}`, sequence: row.sequence + 1_000 }))],
    });
    const { counted, expected } = await countsBesideEvents();
    expect(counted).toEqual(expected);
    expect(await all("SELECT page FROM counts WHERE seconds = 60 ORDER BY 1")).toEqual([{ page: 0 }, { page: 1 }]);
  });

  it("is nothing for an empty batch", async () => {
    const { databases, statements } = meter([database]);
    for (const one of databases) await writeBatch(one, rowsOf({}));
    expect(statements()).toEqual([0]);
  });

  it("is counted exactly across statements, each of less than 2 MB, that overlap with what is there", async () => {
    const data = JSON.stringify({ text: "€".repeat(10_000) });
    const big = (sequence: number): EventRow => eventRow({ session: "big", sequence, id: `${sequence}`, data });
    const sequences = Array.from({ length: 80 }, (_, index) => index + 1);
    await write({ events: sequences.slice(20, 60).map(big) });
    const bound: number[] = [];
    const spying: D1Database = Object.assign(Object.create(env.DB), {
      prepare: (sql: string) => ({
        bind: (...values: string[]) => {
          bound.push(...values.map((value) => new TextEncoder().encode(value).length));
          return env.DB.prepare(sql).bind(...values);
        },
      }),
      batch: (statements: D1PreparedStatement[]) => env.DB.batch(statements),
    });
    await writeBatch({ index: 0, binding: spying }, rowsOf({ events: [...sequences, ...sequences].map(big) }));
    expect(bound.length).toBeGreaterThanOrEqual(3 * 6);
    expect(Math.max(...bound)).toBeLessThan(1_000_000);
    const { counted, expected } = await countsBesideEvents();
    expect(counted).toEqual(expected);
    expect(await all("SELECT count(*) AS n, count(DISTINCT sequence) AS sequences FROM events")).toEqual([
      { n: 80, sequences: 80 },
    ]);
  });
});

describe("errors", () => {
  it("that come twice under different receipts are one row, with the codes of the one that stands", async () => {
    const issue = (code: "data_invalid" | "name_invalid") => ({ code, path: "", message: "m" });
    const first = errorRow({ id: "e", receivedAt: MORNING, issues: [issue("data_invalid"), issue("data_invalid")] });
    const second = errorRow({ id: "e", receivedAt: MORNING + 1, issues: [issue("name_invalid")] });
    await write({ errors: [first] });
    await write({ errors: [second] });
    expect(await all("SELECT id, received_at, codes FROM errors")).toEqual([
      { id: "e", received_at: MORNING, codes: CODE_BITS.data_invalid },
    ]);
  });

  it("that come twice in one batch under different receipts are one row", async () => {
    await write({
      errors: [errorRow({ id: "e", receivedAt: MORNING }), errorRow({ id: "e", receivedAt: MORNING + 1 })],
    });
    expect(await all("SELECT id FROM errors")).toEqual([{ id: "e" }]);
  });

  it("come back as they were given, absent columns and pieces included", async () => {
    const row = errorRow({
      application: null,
      session: null,
      category: null,
      name: null,
      eventId: "\u{1F600}",
      content: '{"a":"\\ud800\\u0000"}',
      issues: [],
    });
    await write({
      errors: [row],
      parts: [
        { errorId: row.id, part: 1, content: "}" },
        { errorId: row.id, part: 0, content: '{"\ud83d' },
      ],
    });
    expect(await all("SELECT * FROM errors")).toEqual([
      {
        id: row.id,
        received_at: MORNING,
        application: null,
        session_id: null,
        category: null,
        name: null,
        event_id: "\u{1F600}",
        issues: "[]",
        content: row.content,
        parts: 0,
        resolved_at: null,
        resolved_session: null,
        resolved_sequence: null,
        replayed_at: null,
        replay_id: null,
        claimed_by: null,
        codes: 0,
      },
    ]);
    expect(await all("SELECT part, length(content) AS characters FROM error_parts ORDER BY part")).toEqual([
      { part: 0, characters: 3 },
      { part: 1, characters: 1 },
    ]);
  });

  it("keep the text of a member that holds a NUL", async () => {
    await write({ errors: [errorRow({ session: "a\u0000b" })] });
    expect(await all("SELECT session_id FROM errors")).toEqual([{ session_id: "a\u0000b" }]);
  });
});
