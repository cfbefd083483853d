import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { packId } from "../../../src/storage/core/packed-id";
import { readerOf } from "../../../src/storage/core/reader";
import {
  boundsIn,
  boundsOf,
  compareEventKeys,
  type EventKey,
  isBeyond,
  startOf,
} from "../../../src/storage/scan/event-order";

const [database] = databasesOf(env).slice(0, 1);
if (database === undefined) throw new Error("There is no database.");
const reader = readerOf(database);

const anyId = fc.oneof(
  fc.uuid(),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 3 }),
  fc.constantFrom("\uFFFD", "\u{1F600}"),
);

const anyKey: fc.Arbitrary<EventKey> = fc
  .record({
    occurredAt: fc.integer({ min: 0, max: 1 }),
    receivedAfter: fc.integer({ min: -1, max: 0 }),
    id: anyId.filter((id) => id.isWellFormed() && !id.includes("\u0000")),
    tie: fc.integer({ min: 1, max: 2 }),
  })
  .map(({ id, ...key }) => ({ ...key, session: packId(id) }));

describe("compareEventKeys", () => {
  it("orders like the database", async () => {
    await fc.assert(
      fc.asyncProperty(anyKey, anyKey, async (a, b) => {
        const id = (key: EventKey) =>
          key.session.startsWith("x") ? sql`unhex(${key.session.slice(1)})` : sql`${key.session.slice(1)}`;
        const values = sql`${b.occurredAt} AS occurred_at, ${b.receivedAfter} AS received_after, ${id(b)} AS session_id,
          ${b.tie} AS tie`;
        const rows = await reader.all<{ after: number; before: number }>(
          sql`SELECT ${isBeyond(a, "asc")} AS after, ${isBeyond(a, "desc")} AS before FROM (SELECT ${values}) AS e`,
        );
        const difference = Math.sign(compareEventKeys(b, a));
        expect(rows).toEqual([{ after: difference > 0 ? 1 : 0, before: difference < 0 ? 1 : 0 }]);
      }),
      { numRuns: 200 },
    );
  });
});

describe("startOf", () => {
  it("precedes every event with its timestamp and follows every earlier one", () => {
    fc.assert(
      fc.property(anyKey, fc.integer({ min: 0, max: 2 }), (key, moment) => {
        expect(compareEventKeys(key, startOf(moment)) > 0).toBe(key.occurredAt >= moment);
      }),
    );
  });
});

describe("boundsOf", () => {
  const after: EventKey = { occurredAt: 50, receivedAfter: 0, session: "ta", tie: 1 };

  it("continues from the cursor", () => {
    expect(boundsOf({ order: "asc", from: 10, to: 90, after })).toEqual({ low: 50, high: 90 });
    expect(boundsOf({ order: "desc", from: 10, to: 90, after })).toEqual({ low: 10, high: 50 });
  });

  it("leaves out the instant of a cursor that precedes all of its events, when reading backwards", () => {
    const between = startOf(50);
    expect(boundsOf({ order: "asc", from: 10, to: 90, after: between })).toEqual({ low: 50, high: 90 });
    expect(boundsOf({ order: "desc", from: 10, to: 90, after: between })).toEqual({ low: 10, high: 49 });
    expect(boundsOf({ order: "desc", from: 10, to: 30, after: between })).toEqual({ low: 10, high: 30 });
  });

  it("stays within the range if the cursor is outside it", () => {
    expect(boundsOf({ order: "asc", from: 60, to: 90, after })).toEqual({ low: 60, high: 90 });
    expect(boundsOf({ order: "desc", from: 10, to: 40, after })).toEqual({ low: 10, high: 40 });
  });

  it("is limited to what a partition covers", () => {
    const range = { order: "asc" as const, from: 10, to: 90, after };
    expect(boundsIn({ from: 40, to: 60 }, range)).toEqual({ low: 50, high: 59 });
    expect(boundsIn({ from: 60, to: 200 }, range)).toEqual({ low: 60, high: 90 });
  });
});
