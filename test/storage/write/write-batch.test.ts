import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { CODE_BITS } from "../../../src/storage/core/error-codes";
import { packId } from "../../../src/storage/core/packed-id";
import { laneToWrite } from "../../../src/storage/partitions/partition";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { writeBatch } from "../../../src/storage/write/write-batch";
import { expectExactCounts } from "../counts-beside-events";
import { errorRow, eventRow, MINUTE, MORNING, SECOND } from "../seed";
import { meter } from "../watched-database";

import { all, beginAnew, database, everything, lane, partition, rowsOf, storedIds, useLane, write } from "./one-lane";

beforeEach(beginAnew);

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
          await expectExactCounts([database]);
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
    await expectExactCounts([database]);
  });

  it("never replaces what is stored", async () => {
    await write({ events: contents.slice(2) });
    for (const mayHold of [false, true]) {
      const { duplicates, conflicts } = await write({ events: contents }, mayHold);
      expect([duplicates.length, conflicts.length]).toEqual([1, 2]);
    }
    expect(await all(`SELECT data FROM events_${lane.suffix}`)).toEqual([{ data: '{"content":3}' }]);
    expect(await all("SELECT count(*) AS n FROM errors")).toEqual([{ n: 2 }]);
    await expectExactCounts([database]);
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
    useLane(laneToWrite({ ...partition, state: "sealed", late: true }));
    for (const mayHold of [false, true]) await write({ events: [first, eventRow({ id: "late" })] }, mayHold);
    expect(await storedIds()).toEqual(["late"]);
    expect(await all("SELECT * FROM counts")).toEqual(before);
    expect(await all(`SELECT * FROM minutes_${lane.suffix}`)).toEqual([]);
    expect(await all(`SELECT session_id FROM activity_${lane.suffix}`)).toEqual([{ session_id: "session" }]);
    await expectExactCounts([database]);
  });
});
