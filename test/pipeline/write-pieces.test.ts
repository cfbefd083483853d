import { beforeEach, describe, expect, it } from "vitest";
import { type Piece, type WriteIo, writePieces } from "../../src/pipeline/write-pieces";
import { firstDatabase } from "../../src/storage/core/databases";
import { createErasureSource } from "../../src/storage/erasures/erasure-source";
import { writeBatch } from "../../src/storage/write/write-batch";
import { emptyDatabases } from "../storage/empty-databases";
import { errorRow, eventRow, MORNING } from "../storage/seed";
import { allEvents, databases, partitions, storedErrors } from "./harness";

beforeEach(async () => {
  await emptyDatabases(databases);
  await partitions.latest();
});

function ioWith(changes: Partial<WriteIo> = {}): WriteIo {
  return {
    databases,
    partitions,
    erasures: createErasureSource(firstDatabase(databases)),
    write: writeBatch,
    ...changes,
  };
}

function pieceOf(session: string, changes: Partial<Piece> = {}): Piece {
  return {
    ...{ messages: new Set([0]), session, incomingEvents: [], errors: [], mayHold: false, copies: 0 },
    events: [1, 2].map((n) => eventRow({ session, id: `${session}-${n}` })),
    ...changes,
  };
}

const errorOf = (session: string) => ({
  row: errorRow({ session, eventId: `${session}-failed` }),
  moment: MORNING,
  parts: [],
});

const storedIds = async () => (await allEvents()).map(({ id }) => id).toSorted();

const STALE = "D1_ERROR: no such table: events_1: SQLITE_ERROR";

describe("writePieces", () => {
  it("writes the events and errors of all pieces, whatever databases they belong to", async () => {
    const pieces = ["a", "b", "c", "d"].map((session) => pieceOf(session, { errors: [errorOf(session)] }));
    const written = await writePieces([...pieces, pieceOf("e", { events: [] })], ioWith());
    expect(written).toEqual({ failed: [], duplicates: [], conflicts: [], erased: { events: 0, errors: 0 } });
    expect(await storedIds()).toEqual(pieces.flatMap(({ events }) => events.map(({ id }) => id)).toSorted());
    expect(await storedErrors(pieces.map(({ session }) => `${session}-failed`))).toHaveLength(4);
  });

  it("leaves out what was erased, and counts it", async () => {
    const real = createErasureSource(firstDatabase(databases));
    const erasures: WriteIo["erasures"] = {
      ...real,
      check: async (belongings) => ({
        ...(await real.check(belongings)),
        isErased: ({ session }) => session === "gone",
      }),
    };
    const pieces = [pieceOf("gone", { errors: [errorOf("gone")] }), pieceOf("kept")];
    expect((await writePieces(pieces, ioWith({ erasures }))).erased).toEqual({ events: 2, errors: 1 });
    expect(await storedIds()).toEqual(["kept-1", "kept-2"]);
    expect(await storedErrors(["gone-failed"])).toEqual([]);
  });

  it("reads partitions and erasures again, and repeats only the rows that a change kept from being written", async () => {
    const read: string[] = [];
    const rows: number[] = [];
    const real = ioWith();
    const io = ioWith({
      partitions: { ...partitions, latest: () => partitions.latest().finally(() => read.push("partitions")) },
      erasures: { ...real.erasures, forget: () => void read.push("erasures") },
      write: (database, batch, mayHold) => {
        rows.push(batch.events.flatMap((lane) => lane.rows).length);
        if (database.index === 0 && read.length === 0) return Promise.reject(new Error(STALE));
        return writeBatch(database, batch, mayHold);
      },
    });
    const pieces = Array.from({ length: 12 }, (_, n) => pieceOf(`s${n}`));
    expect((await writePieces(pieces, io)).failed).toEqual([]);
    expect(read.toSorted()).toEqual(["erasures", "partitions"]);
    expect(await storedIds()).toHaveLength(24);
    const [again = 0] = rows.slice(-1);
    expect(rows.reduce((sum, count) => sum + count, 0)).toBe(24 + again);
    expect(again).toBeLessThan(24);
  });

  it("fails a piece whose partition stays out of date after three rounds", async () => {
    let rounds = 0;
    const write = () => {
      rounds += 1;
      return Promise.reject(new Error(STALE));
    };
    const piece = pieceOf("a", { errors: [errorOf("a")] });
    const { failed } = await writePieces([piece], ioWith({ write }));
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.every(({ failure }) => failure === "stale")).toBe(true);
    expect(failed.reduce((sum, { events, errors }) => sum + events + errors, 0)).toBe(3);
    expect(rounds).toBeGreaterThanOrEqual(3);
  });

  it("writes nothing if it cannot find out what was erased, and never takes that for a fault of the events", async () => {
    const real = createErasureSource(firstDatabase(databases));
    const erasures = { ...real, check: () => Promise.reject(new Error("D1_ERROR: malformed JSON")) };
    const piece = pieceOf("a", { errors: [errorOf("a")] });
    const { failed } = await writePieces([piece], ioWith({ erasures }));
    expect(failed).toEqual([
      { piece, failure: "overloaded", reason: expect.stringContaining("malformed JSON"), events: 2, errors: 1 },
    ]);
    expect(await storedIds()).toEqual([]);
  });
});
