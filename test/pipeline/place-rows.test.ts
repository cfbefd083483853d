import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tieOf } from "../../src/model/event/event-key";
import { type PlacedError, placeRows, type ReadEvent, eventRow as rowOf } from "../../src/pipeline/place-rows";
import { databaseOf } from "../../src/storage/partitions/partition";
import { PartitionMap } from "../../src/storage/partitions/partition-map";
import { partitionOf } from "../storage/partitions/sample-partition";
import { errorRow, eventRow, HOUR, MORNING } from "../storage/seed";

function read(event: unknown): ReadEvent {
  return { event, incoming: { id: "a", application: "shop", receivedAt: MORNING + 5, text: JSON.stringify(event) } };
}

const VALID = { kind: "valid", place: 0, occurredAt: MORNING, isNew: true } as const;

describe("the row of an event", () => {
  it("contains each member as sent", () => {
    const event = {
      session_id: "s",
      category: "page",
      name: "view",
      timestamp: "2021-01-01 09:00:00",
      id: "a",
      visitor_id: "v",
      data: { b: 1, a: [2.5, null, "é"] },
      context: { sdk: "web", "": { deep: [1] } },
      userId: 7,
      received_at: "the client's own",
    };
    expect(rowOf("s", read(event), VALID)).toEqual({
      ...{ session: "s", id: "a", tie: tieOf("a"), application: "shop", category: "page", name: "view" },
      ...{ occurredAt: MORNING, receivedAt: MORNING + 5, visitor: "v", sent: JSON.stringify(event) },
      data: '{"b":1,"a":[2.5,null,"é"]}',
      context: '{"sdk":"web","":{"deep":[1]}}',
      extra: '{"userId":7,"received_at":"the client\'s own"}',
    });
  });

  it("keeps members named like those of every JavaScript object", () => {
    const text = '{"data":{"__proto__":{"a":1}},"context":{"constructor":1},"__proto__":{"x":1},"toString":2}';
    const row = rowOf("s", read(JSON.parse(text)), VALID);
    expect([row.data, row.context, row.extra]).toEqual([
      '{"__proto__":{"a":1}}',
      '{"constructor":1}',
      '{"__proto__":{"x":1},"toString":2}',
    ]);
  });

  it("accepts null for values that an SDK does not know", () => {
    const row = rowOf("s", read({ data: {}, context: null, visitor_id: null }), VALID);
    expect(row).toMatchObject({ context: null, visitor: null, extra: null });
  });

  it("includes the report-only findings and the error that it replays", () => {
    const shadow = { version: 2, paths: ["/data"] };
    const replays = { receivedAt: MORNING, id: "e" };
    expect(rowOf("s", { ...read({}), replays }, { ...VALID, shadow })).toMatchObject({ shadow, replays });
    expect(Object.keys(rowOf("s", read({}), VALID))).not.toContain("shadow");
  });
});

describe("placeRows", () => {
  const days = [
    partitionOf({ id: 1, databases: [0, 1, 2] }),
    partitionOf({ id: 2, from: MORNING + 24 * HOUR, to: MORNING + 48 * HOUR, databases: [1, 2] }),
    partitionOf({ id: 3, from: MORNING + 48 * HOUR, to: MORNING + 72 * HOUR, databases: [2], state: "sealed" }),
  ];
  const map = new PartitionMap(1, days);
  const anyRows = fc.array(fc.record({ hour: fc.nat({ max: 71 }), session: fc.constantFrom("a", "b", "c", "d", "e") }));

  it("puts each event into the lane of its partition, in its session's database", () => {
    fc.assert(
      fc.property(anyRows, (drafts) => {
        const rows = drafts.map(({ hour, session }) => eventRow({ session, occurredAt: MORNING + hour * HOUR }));
        const placed = placeRows(rows, [], map);
        const found = placed.flatMap(({ database, rows: { events } }) =>
          events.flatMap(({ lane, rows: own }) => own.map((row) => [row.id, database, lane.suffix])),
        );
        const expected = rows.map((row) => {
          const partition = days[Math.floor((row.occurredAt - MORNING) / (24 * HOUR))] ?? partitionOf();
          return [row.id, databaseOf(partition, row.session), ["1", "2", "3l"][partition.id - 1]];
        });
        expect(found.toSorted()).toEqual(expected.toSorted());
        const lanes = placed.flatMap(({ database, rows: { events } }) =>
          events.map(({ lane }) => `${database} ${lane.suffix}`),
        );
        expect(new Set(lanes).size).toBe(lanes.length);
      }),
    );
  });

  it("puts an error with the events of its session and time, or by its own id if it has no session", () => {
    const placedAt = (row: ReturnType<typeof errorRow>, moment: number) => {
      const error: PlacedError = { row, moment, parts: [{ errorId: row.id, part: 0, content: "x" }] };
      const placed = placeRows([], [error], map);
      expect(placed).toMatchObject([{ rows: { events: [], errors: [row], parts: [{ errorId: row.id }] } }]);
      return placed[0]?.database;
    };
    for (const session of ["a", "b", "c", "d", "e"]) {
      for (const [day, partition] of days.entries()) {
        const moment = MORNING + day * 24 * HOUR;
        expect(placedAt(errorRow({ session }), moment)).toBe(databaseOf(partition, session));
        expect(placedAt(errorRow({ session: null, id: session }), moment)).toBe(databaseOf(partition, session));
      }
    }
  });

  it("refuses a time that no partition covers", () => {
    expect(() => placeRows([eventRow({ occurredAt: MORNING - 1 })], [], map)).toThrow(/no partition covers/);
  });
});
