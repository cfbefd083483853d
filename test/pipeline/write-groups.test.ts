import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Write, type WriteGroup, writeGroups } from "../../src/pipeline/write-groups";
import { laneToWrite } from "../../src/storage/partitions/partition";
import type { BatchRows, EventRow } from "../../src/storage/write/rows";
import { partitionOf } from "../storage/partitions/sample-partition";
import { errorRow, eventRow } from "../storage/seed";
import { databases } from "./harness";

const LANE = laneToWrite(partitionOf());
const NOTHING = { duplicates: [], conflicts: [] };

function groupOf(session: string, changes: Partial<WriteGroup> = {}): WriteGroup {
  const rows: BatchRows = { events: [{ lane: LANE, rows: [eventRow({ session })] }], errors: [], parts: [] };
  return { messages: new Set([0]), session, database: 0, rows, mayHold: false, ...changes };
}

const eventsOf = (rows: BatchRows): EventRow[] => rows.events.flatMap((lane) => lane.rows);
const sessionsOf = (rows: BatchRows) => eventsOf(rows).map(({ session }) => session);

/** A store in memory that rejects every transaction with one of these sessions. */
function rejecting(bad: ReadonlySet<string>) {
  const written: string[] = [];
  let transactions = 0;
  const write: Write = async (_, rows) => {
    transactions += 1;
    if (sessionsOf(rows).some((session) => bad.has(session))) {
      throw new Error("D1_ERROR: string or blob too big: SQLITE_TOOBIG");
    }
    written.push(...sessionsOf(rows));
    return NOTHING;
  };
  return { written, write, transactions: () => transactions };
}

describe("writeGroups", () => {
  it("isolates the groups that a database rejects and writes all others once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 20 }), async (faults) => {
        const sessions = faults.map((_, n) => `s${n}`);
        const bad = new Set(sessions.filter((_, n) => faults[n] === true));
        const { written, write } = rejecting(bad);
        const { failed } = await writeGroups(
          databases,
          sessions.map((session) => groupOf(session)),
          write,
        );
        expect(failed.map(({ group }) => group.session)).toEqual([...bad]);
        for (const { failure, reason } of failed) {
          expect([failure, reason]).toEqual(["rejected", expect.stringContaining("SQLITE_TOOBIG")]);
        }
        expect(written).toEqual(sessions.filter((session) => !bad.has(session)));
      }),
    );
  });

  it("isolates one group of two thousand in a few transactions", async () => {
    const sessions = Array.from({ length: 2_000 }, (_, n) => `s${n}`);
    const { written, write, transactions } = rejecting(new Set(["s1234"]));
    const { failed } = await writeGroups(
      databases,
      sessions.map((session) => groupOf(session)),
      write,
    );
    expect(failed.map(({ group }) => group.session)).toEqual(["s1234"]);
    expect(written).toHaveLength(1_999);
    expect(transactions()).toBeLessThan(25);
  });

  it("stops after 64 transactions if every group is rejected, and reports each of them", async () => {
    const sessions = Array.from({ length: 500 }, (_, n) => `s${n}`);
    const { write, transactions } = rejecting(new Set(sessions));
    const { failed } = await writeGroups(
      databases,
      sessions.map((session) => groupOf(session)),
      write,
    );
    expect(failed.map(({ group }) => group.session).toSorted()).toEqual(sessions.toSorted());
    expect(transactions()).toBeLessThanOrEqual(64);
  });

  it("writes each database's groups in one transaction, and nothing if there are none", async () => {
    const calls: [number, string[], number, boolean][] = [];
    const write: Write = async ({ index }, rows, mayHold) => {
      calls.push([index, sessionsOf(rows), rows.errors.length, mayHold]);
      return NOTHING;
    };
    const ofMessage = { session: null, rows: { events: [], errors: [errorRow()], parts: [] } };
    const groups = [
      groupOf("a", { database: 2 }),
      groupOf("b"),
      groupOf("c", { database: 2, mayHold: true }),
      groupOf("", ofMessage),
    ];
    await writeGroups(databases, groups, write);
    expect(calls.toSorted(([a], [b]) => a - b)).toEqual([
      [0, ["b"], 1, false],
      [2, ["a", "c"], 0, true],
    ]);
    await writeGroups(databases, [], () => Promise.reject(new Error("nothing to write")));
  });

  it("combines the events of one lane without changing the rows of each group", async () => {
    const other = { ...LANE, suffix: "2" };
    const groups = ["a", "b"].map((session) =>
      groupOf(session, {
        rows: {
          events: [LANE, other].map((lane) => ({ lane, rows: [eventRow({ session })] })),
          errors: [],
          parts: [],
        },
      }),
    );
    const lanes: [string, number][] = [];
    const write: Write = async (_, rows) => {
      lanes.push(...rows.events.map((own): [string, number] => [own.lane.suffix, own.rows.length]));
      return NOTHING;
    };
    await writeGroups(databases, groups, write);
    expect(lanes).toEqual([
      [LANE.suffix, 2],
      ["2", 2],
    ]);
    expect(groups.map(({ rows }) => eventsOf(rows).length)).toEqual([2, 2]);
  });

  it("retries immediately after a lost connection, with three attempts in all", async () => {
    for (const [lost, fails] of [
      [1, 0],
      [2, 0],
      [3, 2],
    ] as const) {
      let tries = 0;
      const { failed } = await writeGroups(databases, [groupOf("a"), groupOf("b")], async () => {
        tries += 1;
        if (tries <= lost) throw new Error("D1_ERROR: Network connection lost.");
        return NOTHING;
      });
      expect([tries, failed.length]).toEqual([Math.min(lost + 1, 3), fails]);
      expect(failed.every(({ failure }) => failure === "transient")).toBe(true);
    }
  });

  it.each([
    ["overloaded", "D1_ERROR: D1 DB is overloaded. Requests queued for too long."],
    ["stale", "D1_ERROR: no such table: events_7: SQLITE_ERROR"],
  ])("tries a write that ends as %s once, without bisecting", async (kind, message) => {
    let tries = 0;
    const { failed } = await writeGroups(
      databases,
      [groupOf("a"), groupOf("b"), groupOf("c", { database: 1 })],
      async ({ index }) => {
        if (index === 1) return NOTHING;
        tries += 1;
        throw new Error(message);
      },
    );
    expect(tries).toBe(1);
    expect(failed.map(({ group, failure }) => [group.session, failure])).toEqual([
      ["a", kind],
      ["b", kind],
    ]);
  });

  it("waits for a database that is not bound", async () => {
    const { failed } = await writeGroups(databases, [groupOf("a", { database: 7 })], async () => NOTHING);
    expect(failed).toMatchObject([{ failure: "overloaded", reason: "the database DB_7 is not bound" }]);
  });

  it("returns the duplicates and conflicts of all transactions", async () => {
    const write: Write = async (_, rows) => {
      if (sessionsOf(rows).includes("bad") && sessionsOf(rows).length > 1) {
        throw new Error("D1_ERROR: string or blob too big: SQLITE_TOOBIG");
      }
      return { duplicates: eventsOf(rows), conflicts: [] };
    };
    const { duplicates } = await writeGroups(
      databases,
      ["a", "bad", "c"].map((session) => groupOf(session)),
      write,
    );
    expect(duplicates.map(({ session }) => session)).toEqual(["a", "bad", "c"]);
  });
});
