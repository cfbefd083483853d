import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { Database } from "../../../src/storage/core/databases";
import { CODE_BITS } from "../../../src/storage/core/error-codes";
import { packId } from "../../../src/storage/core/packed-id";
import { type Lane, laneToWrite, type Partition } from "../../../src/storage/partitions/partition";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import type { BatchRows, EventRow } from "../../../src/storage/write/rows";
import { writeBatch } from "../../../src/storage/write/write-batch";
import { countsBesideEvents } from "../counts-beside-events";
import { emptyDatabases } from "../empty-databases";
import { changedDatabase } from "../failing-database";
import { errorRow, eventRow, HOUR, MINUTE, MORNING, partitionsOf, SECOND } from "../seed";
import { meter } from "../watched-database";

const database: Database = { index: 0, binding: env.DB };

let partition: Partition;
let lane: Lane;

interface Draft extends Partial<Omit<BatchRows, "events">> {
  events?: EventRow[];
}

function rowsOf({ events = [], ...rows }: Draft): BatchRows {
  return { events: events.length === 0 ? [] : [{ lane, rows: events }], errors: [], parts: [], ...rows };
}

const write = (rows: Draft, mayHold?: boolean) => writeBatch(database, rowsOf(rows), mayHold);

async function all<Row = Record<string, unknown>>(sql: string): Promise<Row[]> {
  return (await env.DB.prepare(sql).all<Row>()).results;
}

const storedIds = async () => (await all<{ id: string }>(`SELECT id FROM events_${lane.suffix}`)).map(({ id }) => id);

const everything = async () => {
  const own = ["events", "activity", "visits", "minutes"].map((table) => `${table}_${lane.suffix}`);
  const tables = [
    ...own,
    "counts",
    "receipt_counts",
    "series_hours",
    "series",
    "categories",
    "errors",
    "error_parts",
    "failures",
  ];
  return Promise.all(tables.map((table) => all(`SELECT * FROM ${table}`)));
};

async function expectExactCounts() {
  const { counted, expected } = await countsBesideEvents(database);
  expect(counted).toEqual(expected);
}

beforeEach(async () => {
  await emptyDatabases([database]);
  const found = (await partitionsOf([database]).covering([MORNING])).find(MORNING);
  if (found === null) throw new Error("no partition covers the morning");
  partition = found;
  lane = laneToWrite(partition);
});

describe("events", () => {
  it("are stored as given, to the microsecond and the byte", async () => {
    const uuid = "e2085be5-9137-4e4e-80b5-f1ffddc25423";
    const texts = {
      data: '{"nul":"\\u0000","half":"\\ud800","big":1e300,"__proto__":{"a":[1.5,null]},"two words":-0.10}',
      context: '{"b":1,"a":"\u{1F600}"}',
      extra: '{"quoted":"\\"\\\\\'","received_at":7}',
    };
    const row = eventRow({
      ...{ session: uuid, id: "\u{1F600} 日本 'quoted\" \\", category: "x", name: "42", application: "null" },
      ...{ occurredAt: MORNING + 15 * SECOND + 1, receivedAt: MORNING + 15 * SECOND, visitor: uuid, ...texts },
    });
    const plain = eventRow({ session: "plain", id: uuid, visitor: "a visitor" });
    await write({ events: [row, plain] });
    const found = await all(
      `SELECT slot, lower(hex(session_id)) AS session, typeof(session_id) AS kind, occurred_at, tie, received_after,
         typeof(occurred_at) AS time, category, name, application, id, typeof(id) AS id_kind, data, context, extra,
         typeof(visitor_id) AS visitor_kind, type
       FROM events_${lane.suffix} JOIN series USING (series_id) JOIN categories USING (category_id) ORDER BY slot DESC`,
    );
    expect(found).toMatchObject([
      {
        ...{ slot: (MORNING + 15 * SECOND + 1 - ((MORNING + 15 * SECOND + 1) % 4_000_000)) / 4_000_000 },
        ...{ session: packId(uuid).slice(1), kind: "blob", occurred_at: row.occurredAt, tie: row.tie },
        ...{ received_after: -1, time: "integer", category: "x", name: "42", application: "null", id: row.id },
        ...{ ...texts, visitor_kind: "blob", type: null },
      },
      { kind: "text", id_kind: "blob", visitor_kind: "text", context: null, extra: null },
    ]);
  });

  it("are refused as a whole if one value does not have its column's type", async () => {
    const bad = eventRow({ occurredAt: MORNING + 0.5 });
    await expect(write({ events: [eventRow(), bad], errors: [errorRow()] })).rejects.toThrow(/INTEGER/);
    expect((await everything()).flat()).toEqual([{ category_id: 1, category: "" }]);
  });

  it("share a dimension key only if category, name and application are the same", async () => {
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
      `SELECT category, name, application, count(*) AS events FROM events_${lane.suffix} JOIN series USING (series_id)
       JOIN categories USING (category_id) GROUP BY 1, 2, 3 ORDER BY 4`,
    );
    expect(found.at(-1)).toEqual({ category: "a", name: "b", application: "c", events: 2 });
  });

  it("record the windows in which their sessions are active, and the sessions of their visitors", async () => {
    await write({
      events: [
        eventRow({ session: "a", visitor: "v" }),
        eventRow({ session: "a", visitor: "v", occurredAt: MORNING + 14 * MINUTE }),
        eventRow({ session: "a", occurredAt: MORNING + 15 * MINUTE }),
        eventRow({ session: "b", visitor: "v" }),
        eventRow({ session: "c" }),
      ],
    });
    const window = MORNING / (15 * MINUTE);
    const windows = await all(`SELECT session_id, "window" FROM activity_${lane.suffix} ORDER BY 1, 2`);
    expect(windows).toEqual([
      { session_id: "a", window },
      { session_id: "a", window: window + 1 },
      { session_id: "b", window },
      { session_id: "c", window },
    ]);
    expect(await all(`SELECT visitor_id, session_id FROM visits_${lane.suffix} ORDER BY 2`)).toEqual([
      { visitor_id: "v", session_id: "a" },
      { visitor_id: "v", session_id: "b" },
    ]);
  });

  it("are in the index of rare categories unless their category was common at their receipt", async () => {
    const common = new Map([["page interaction", MORNING + SECOND]]);
    const rows = [
      eventRow({ id: "before", receivedAt: MORNING + SECOND - 1 }),
      eventRow({ id: "since", receivedAt: MORNING + SECOND }),
      eventRow({ id: "other", category: "form", receivedAt: MORNING + SECOND }),
    ];
    const events = [{ lane: { ...lane, partition: { ...partition, common } }, rows }];
    await writeBatch(database, { events, errors: [], parts: [] });
    const found = await all(
      `SELECT id, category FROM events_${lane.suffix} JOIN categories ON category_id = rare WHERE rare IS NOT NULL ORDER BY id`,
    );
    expect(found).toEqual([
      { id: "before", category: "page interaction" },
      { id: "other", category: "form" },
    ]);
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

  it("change nothing, in whatever overlapping batches they arrive, and counts are exact after each", async () => {
    await fc.assert(
      fc.asyncProperty(anyEvents, anyCuts, async (drafts, cuts) => {
        const tables = ["events", "activity", "minutes"].map((table) => `${table}_${lane.suffix}`);
        await env.DB.batch(
          [...tables, "counts", "series_hours"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
        );
        const events = drafts.map(({ session, minute, name }, n) =>
          eventRow({ session, name, id: `${n}`, occurredAt: MORNING + minute * MINUTE }),
        );
        for (const [a, b, mayHold] of [...cuts, [0, events.length, false] as const]) {
          const cut = events.slice(Math.min(a, b) % events.length, Math.max(a, b));
          const { duplicates, conflicts } = await write({ events: [...cut, ...cut.slice(0, 2)] }, mayHold);
          expect(conflicts).toEqual([]);
          expect(duplicates.length).toBeGreaterThanOrEqual(Math.min(2, cut.length));
          await expectExactCounts();
        }
        expect((await storedIds()).toSorted()).toEqual(events.map(({ id }) => id).toSorted());
      }),
      { numRuns: 15 },
    );
  });

  it.each([true, false])("write no row at all (read first: %s)", async (mayHold) => {
    const rows = {
      events: [eventRow({ visitor: "v" }), eventRow()],
      errors: [errorRow(), errorRow({ content: null, parts: 1 })],
      parts: [{ errorId: "e", part: 0, content: "text" }],
    };
    await write(rows);
    const before = await everything();
    const { database: metered, cost } = meter(database);
    const { duplicates } = await writeBatch(metered, rowsOf(rows), mayHold);
    expect(cost.written).toBe(0);
    expect(duplicates).toHaveLength(2);
    expect(await everything()).toEqual(before);
  });
});

describe("other content under the same identity", () => {
  const contents = [1, 2, 3].map((content) =>
    eventRow({ id: "a", receivedAt: MORNING + content, data: JSON.stringify({ content }) }),
  );

  it("leaves the first received of a batch as the event, and makes each other one a conflict", async () => {
    const { duplicates, conflicts } = await write({ events: [...contents].reverse() });
    expect(duplicates).toEqual([]);
    expect(conflicts.map(({ data }) => data)).toEqual(['{"content":2}', '{"content":3}']);
    expect(await all(`SELECT data FROM events_${lane.suffix}`)).toEqual([{ data: '{"content":1}' }]);
    const errors = await all("SELECT event_id, received_at, codes, content FROM errors ORDER BY received_at");
    expect(errors).toEqual(
      contents.slice(1).map(({ receivedAt, sent }) => ({
        ...{ event_id: "a", received_at: receivedAt, codes: CODE_BITS.id_conflict, content: sent },
      })),
    );
    await expectExactCounts();
  });

  it("never replaces what is stored", async () => {
    await write({ events: contents.slice(2) });
    for (const mayHold of [false, true]) {
      const { duplicates, conflicts } = await write({ events: contents }, mayHold);
      expect([duplicates.length, conflicts.length]).toEqual([1, 2]);
    }
    expect(await all(`SELECT data FROM events_${lane.suffix}`)).toEqual([{ data: '{"content":3}' }]);
    expect(await all("SELECT count(*) AS n FROM errors")).toEqual([{ n: 2 }]);
    await expectExactCounts();
  });

  it("is not other content if only the order of members differs", async () => {
    await write({ events: [eventRow({ id: "a", data: '{"a":1,"b":2}' })] });
    const again = eventRow({ id: "a", data: '{"b":2,"a":1}', context: "{}", extra: '{"x":1}', visitor: "v" });
    const { duplicates } = await write({ events: [again] });
    expect(duplicates).toHaveLength(1);
    expect(await all(`SELECT * FROM visits_${lane.suffix}`)).toEqual([]);
  });

  it("is a conflict if the ids differ and share their place in the key", async () => {
    const first = eventRow({ id: "a" });
    const { conflicts } = await write({ events: [first, eventRow({ id: "b", tie: first.tie })] });
    expect(conflicts.map(({ id }) => id)).toEqual(["b"]);
    expect(await all("SELECT event_id FROM errors")).toEqual([{ event_id: "b" }]);
  });
});

describe("a late lane", () => {
  it("accepts events that its partition does not hold yet, and does not count them", async () => {
    const first = eventRow({ id: "first" });
    await write({ events: [first] });
    const before = await all("SELECT * FROM counts");
    await sealPartition([database], partition);
    lane = laneToWrite({ ...partition, state: "sealed", late: true });
    for (const mayHold of [false, true]) await write({ events: [first, eventRow({ id: "late" })] }, mayHold);
    expect(await storedIds()).toEqual(["late"]);
    expect(await all("SELECT * FROM counts")).toEqual(before);
    expect(await all(`SELECT * FROM minutes_${lane.suffix}`)).toEqual([]);
    expect(await all(`SELECT session_id FROM activity_${lane.suffix}`)).toEqual([{ session_id: "session" }]);
    await expectExactCounts();
  });
});

describe("a batch", () => {
  /** How many transactions wrote, and how many read what is stored. */
  const transactionsOf = async (events: EventRow[], mayHold: boolean) => {
    let transactions = 0;
    const batch: D1Database["batch"] = (statements) => {
      transactions += 1;
      return env.DB.batch(statements);
    };
    await writeBatch(changedDatabase(database, { batch }), rowsOf({ events }), mayHold);
    return transactions;
  };

  it("is one transaction if all events are new, and reads first if something may be stored", async () => {
    const [first, second, third] = [eventRow(), eventRow(), eventRow()];
    expect(await transactionsOf([first], false)).toBe(1);
    expect(await transactionsOf([first, second], true)).toBe(2);
    expect(await transactionsOf([first, second], true)).toBe(1);
    // It fails, reads, and writes what is new.
    expect(await transactionsOf([first, second, third], false)).toBe(3);
    expect(await storedIds()).toHaveLength(3);
    await expectExactCounts();
  });

  /** A database in which another consumer stores the next of these events before each of the first transactions. */
  const racing = (rivals: EventRow[]) => {
    const left = [...rivals];
    const batch: D1Database["batch"] = async (statements) => {
      const rival = left.shift();
      if (rival !== undefined) await write({ events: [rival] });
      return env.DB.batch(statements);
    };
    return changedDatabase(database, { batch });
  };

  it("is retried if another consumer stores one of its events meanwhile", async () => {
    const events = Array.from({ length: 6 }, () => eventRow());
    const { duplicates } = await writeBatch(racing(events.slice(0, 4)), rowsOf({ events }), true);
    expect(duplicates).toHaveLength(4);
    expect(await storedIds()).toHaveLength(6);
    await expectExactCounts();
  });

  it("fails after four attempts, and then writes nothing", async () => {
    const events = Array.from({ length: 12 }, () => eventRow());
    await expect(writeBatch(racing(events), rowsOf({ events }), true)).rejects.toThrow(/UNIQUE constraint failed/);
    expect(await storedIds()).toHaveLength(8);
    await expectExactCounts();
  });

  it("does nothing if it is empty", async () => {
    const batch: D1Database["batch"] = () => Promise.reject(new Error("nothing to write"));
    await writeBatch(changedDatabase(database, { batch }), rowsOf({}));
    await writeBatch(changedDatabase(database, { batch }), rowsOf({}), true);
  });
});

describe("the cost of a write", () => {
  /** The rows that D1 bills for each event. */
  const rowsWrittenFor = async (events: EventRow[], common: Partition["common"]) => {
    const { database: metered, cost } = meter(database);
    const own = { ...lane, partition: { ...partition, common } };
    await writeBatch(metered, { events: [{ lane: own, rows: events }], errors: [], parts: [] });
    return { written: cost.written, read: cost.read };
  };
  const common = new Map([["page interaction", 0]]);

  it("is at most 1.35 rows an event for a hundred events of ten sessions", async () => {
    await write({ events: [eventRow({ occurredAt: MORNING - 2 * HOUR })] });
    const events = Array.from({ length: 100 }, (_, n) =>
      eventRow({ session: `session-${n % 10}`, occurredAt: MORNING + (n % 59) * SECOND }),
    );
    const { written } = await rowsWrittenFor(events, common);
    // A row for each event, one for each session's window, a minute, an hour and a day, the same by receipt, and the
    // dimension key's hour.
    expect(written).toBe(100 + 10 + 7);
    expect(written / events.length).toBeLessThanOrEqual(1.35);
  });

  it("is at most 1.35 rows an event if the hundred events are in ten minutes and have ten types and visitors", async () => {
    const draft = (n: number) => ({
      name: `name ${n % 10}`,
      session: `session-${n % 10}`,
      visitor: `visitor-${n % 10}`,
    });
    await write({
      events: Array.from({ length: 10 }, (_, n) => eventRow({ ...draft(n), occurredAt: MORNING - MINUTE })),
    });
    await write({ events: Array.from({ length: 10 }, (_, n) => eventRow(draft(n))) });
    const events = Array.from({ length: 100 }, (_, n) =>
      eventRow({ ...draft(n), occurredAt: MORNING + (n % 10) * MINUTE + SECOND, receivedAt: MORNING + 10 * MINUTE }),
    );
    const { written } = await rowsWrittenFor(events, common);
    expect(written).toBe(100 + 10 + 2 + 3);
    expect(written / events.length).toBeLessThanOrEqual(1.35);
  });

  it("is one more row for each event of a rare category", async () => {
    await write({ events: [eventRow()] });
    const events = Array.from({ length: 50 }, () => eventRow());
    expect((await rowsWrittenFor(events, new Map())).written).toBe(2 * 50 + 6);
  });

  it("is one row of counts for each width and bucket, however many dimension keys have events in them", async () => {
    const inMinute = (minute: number) =>
      Array.from({ length: 150 }, (_, n) => eventRow({ name: `name ${n}`, occurredAt: MORNING + minute * MINUTE }));
    await write({ events: inMinute(0) });
    expect((await rowsWrittenFor(inMinute(0), common)).written).toBe(150 + 6);
    expect((await rowsWrittenFor([...inMinute(1), ...inMinute(2)], common)).written).toBe(300 + 8);
    // The first event of each dimension key in an hour is recorded once, and the session's window.
    expect((await rowsWrittenFor(inMinute(60), common)).written).toBe(150 + 6 + 150 + 1);
    await expectExactCounts();
  });

  it("is one row of counts for each page of 256 dimension keys", async () => {
    const events = Array.from({ length: 300 }, (_, n) => eventRow({ name: `name ${n}` }));
    await write({ events: [...events, ...events.map((row) => eventRow({ name: row.name }))] });
    expect(await all(`SELECT page FROM minutes_${lane.suffix} ORDER BY 1`)).toEqual([{ page: 0 }, { page: 1 }]);
    await expectExactCounts();
  });

  it("includes few rows read for each event, with few or many dimension keys", async () => {
    const readFor = async (series: number) => {
      const events = () => Array.from({ length: 300 }, (_, n) => eventRow({ name: `name ${n % series}` }));
      await write({ events: events() });
      return (await rowsWrittenFor(events(), common)).read / 300;
    };
    expect(await readFor(3)).toBeLessThan(15);
    expect(await readFor(250)).toBeLessThan(65);
  });

  it("keeps counts exact across statements below 2 MB that overlap with stored events", async () => {
    const data = JSON.stringify({ text: "€".repeat(10_000) });
    const big = Array.from({ length: 80 }, (_, n) => eventRow({ session: "big", id: `${n}`, data }));
    await write({ events: big.slice(20, 60) });
    const bound: number[] = [];
    const prepare: D1Database["prepare"] = (sql) => {
      const statement = env.DB.prepare(sql);
      const bind: D1PreparedStatement["bind"] = (...values) => {
        bound.push(...values.map((value) => new TextEncoder().encode(String(value)).length));
        return statement.bind(...values);
      };
      return new Proxy(statement, { get: (target, name) => (name === "bind" ? bind : Reflect.get(target, name)) });
    };
    await writeBatch(changedDatabase(database, { prepare }), rowsOf({ events: [...big, ...big] }));
    expect(bound.length).toBeGreaterThan(20);
    expect(Math.max(...bound)).toBeLessThan(1_000_000);
    await expectExactCounts();
    expect(new Set(await storedIds()).size).toBe(80);
  });
});

describe("errors", () => {
  it("that arrive twice with different receipts are one row, with the codes of the stored one", async () => {
    const issue = (code: "data_invalid" | "name_invalid") => ({ code, path: "", message: "m" });
    const first = errorRow({ id: "e", receivedAt: MORNING, issues: [issue("data_invalid"), issue("data_invalid")] });
    const second = errorRow({ id: "e", receivedAt: MORNING + 1, issues: [issue("name_invalid")] });
    await write({ errors: [first] });
    await write({ errors: [second] });
    expect(await all("SELECT id, received_at, codes FROM errors")).toEqual([
      { id: "e", received_at: MORNING, codes: CODE_BITS.data_invalid },
    ]);
  });

  it("that arrive twice in one batch with different receipts are one row", async () => {
    await write({
      errors: [errorRow({ id: "e", receivedAt: MORNING }), errorRow({ id: "e", receivedAt: MORNING + 1 })],
    });
    expect(await all("SELECT id FROM errors")).toEqual([{ id: "e" }]);
  });

  it("are stored as given, including absent columns and chunks", async () => {
    const row = errorRow({
      ...{ application: null, session: null, category: null, name: null, issues: [] },
      ...{ eventId: "\u{1F600}", content: '{"a":"\\ud800\\u0000"}' },
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
        ...{ id: row.id, received_at: MORNING, application: null, session_id: null, category: null, name: null },
        ...{ event_id: "\u{1F600}", issues: "[]", content: row.content, parts: 0, codes: 0, claimed_by: null },
        ...{ resolved_at: null, resolved_session: null, resolved_event_id: null, resolved_occurred_at: null },
        ...{ replayed_at: null, replay_id: null },
      },
    ]);
    expect(await all("SELECT part, length(content) AS characters FROM error_parts ORDER BY part")).toEqual([
      { part: 0, characters: 3 },
      { part: 1, characters: 1 },
    ]);
  });

  it("keep the text of a member that contains a NUL", async () => {
    await write({ errors: [errorRow({ session: "a\u0000b" })] });
    expect(await all("SELECT session_id FROM errors")).toEqual([{ session_id: "a\u0000b" }]);
  });
});
