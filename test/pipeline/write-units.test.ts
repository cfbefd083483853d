import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Unit, writeUnits } from "../../src/pipeline/write-units";
import type { Database } from "../../src/storage/databases";
import type { BatchRows } from "../../src/storage/rows";
import { eventRow } from "../storage/seed";
import { databases } from "./harness";

function unitOf(session: string, database = 0): Unit {
  return {
    messages: new Set([0]),
    session,
    database,
    rows: { events: [eventRow({ session })], errors: [], parts: [] },
  };
}

const sessionsOf = (rows: BatchRows) => rows.events.map(({ session }) => session);

/** A store in memory that refuses any transaction with one of these sessions in it. */
function refusing(bad: Set<string>) {
  const written: string[] = [];
  const write = async (_: Database, rows: BatchRows) => {
    if (sessionsOf(rows).some((session) => bad.has(session)))
      throw new Error("D1_ERROR: string or blob too big: SQLITE_TOOBIG");
    written.push(...sessionsOf(rows));
  };
  return { written, write };
}

describe("writeUnits", () => {
  it("isolates the units that a database refuses, and writes every other once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 30 }), async (faults) => {
        const units = faults.map((_, index) => unitOf(`s${index}`));
        const bad = new Set(
          units.flatMap(({ session }, index) => (faults[index] === true && session !== null ? [session] : [])),
        );
        const { written, write } = refusing(bad);
        const failed = await writeUnits(databases, units, write);
        expect(failed.map(({ unit }) => unit.session)).toEqual([...bad]);
        expect(failed.every(({ failure, reason }) => failure === "rejected" && reason.includes("SQLITE_TOOBIG"))).toBe(
          true,
        );
        expect(written).toEqual(units.map(({ session }) => session ?? "").filter((session) => !bad.has(session)));
      }),
    );
  });

  it("writes each database's units in one transaction, and none where there are none", async () => {
    const calls: [number, string[]][] = [];
    await writeUnits(databases, [unitOf("a", 2), unitOf("b", 0), unitOf("c", 2)], async ({ index }, rows) => {
      calls.push([index, sessionsOf(rows)]);
    });
    expect(calls).toEqual([
      [0, ["b"]],
      [2, ["a", "c"]],
    ]);
    await writeUnits(databases, [], () => Promise.reject(new Error("nothing to write")));
  });

  it("tries again at once after a lost connection, three times in all", async () => {
    for (const [lost, fails] of [
      [1, 0],
      [2, 0],
      [3, 2],
    ] as const) {
      let tries = 0;
      const failed = await writeUnits(databases, [unitOf("a"), unitOf("b")], async () => {
        tries += 1;
        if (tries <= lost) throw new Error("D1_ERROR: Network connection lost.");
      });
      expect([tries, failed.length]).toEqual([Math.min(lost + 1, 3), fails]);
      expect(failed.every(({ failure }) => failure === "transient")).toBe(true);
    }
  });

  it("leaves an overloaded database alone, without halving", async () => {
    let tries = 0;
    const failed = await writeUnits(databases, [unitOf("a"), unitOf("b"), unitOf("c", 1)], async ({ index }) => {
      if (index !== 0) return;
      tries += 1;
      throw new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long.");
    });
    expect(tries).toBe(1);
    expect(failed.map(({ unit, failure }) => [unit.session, failure])).toEqual([
      ["a", "overloaded"],
      ["b", "overloaded"],
    ]);
  });
});
