import { beforeAll, describe, expect, it } from "vitest";
import { unpackId } from "../../../src/storage/core/packed-id";
import { SAMPLE_KEYS, sampleKeyOf } from "../../../src/storage/partitions/sample-key";
import { rangesOf, readSlice, type SliceEvent, type SliceReading } from "../../../src/storage/sequences/read-slice";
import { WHOLE } from "../../../src/storage/sequences/slice-statement";
import { HOUR, MORNING, SECOND } from "../seed";
import { databases, EVENTS, expectedOf, LATE, storeSliced, withMap } from "./sliced-events";

const [FROM, TO] = [MORNING, MORNING + 4 * HOUR];

beforeAll(storeSliced);

async function read(changes: Partial<SliceReading> = {}): Promise<SliceEvent[]> {
  const events: SliceEvent[] = [];
  const reading: SliceReading = {
    ...{ from: FROM, to: TO, slice: WHOLE, paths: [["text"]], withVisitor: true, check: () => {} },
    wanted: new Map(databases.map((database) => [database, null])),
    expected: await expectedOf(FROM, TO),
    ...changes,
  };
  await withMap((map) =>
    readSlice(map, reading, (event) => {
      events.push(event);
    }),
  );
  return events;
}

const keysOf = (events: { session: string; occurredAt: number }[]) =>
  events.map(({ session, occurredAt }) => `${session} ${occurredAt}`).sort();
const found = (events: SliceEvent[]) => keysOf(events.map((event) => ({ ...event, session: unpackId(event.session) })));

describe("the events of a slice", () => {
  it("are each read once, over partitions, lanes and databases", async () => {
    expect(found(await read())).toEqual(keysOf([...EVENTS, LATE]));
  });

  it("are those of the sessions in it, the same in every partition", async () => {
    const slice = { low: 0, high: SAMPLE_KEYS / 2 };
    const isInside = ({ session }: { session: string }) => sampleKeyOf(session) < slice.high;
    expect(found(await read({ slice }))).toEqual(keysOf([...EVENTS, LATE].filter(isInside)));
    const rest = { low: slice.high, high: SAMPLE_KEYS };
    expect(found(await read({ slice: rest }))).toEqual(keysOf([...EVENTS, LATE].filter((event) => !isInside(event))));
  });

  it("are those of the range, both ends included", async () => {
    const [from, to] = [MORNING + 4 * SECOND, MORNING + HOUR + SECOND];
    const isInside = ({ occurredAt }: { occurredAt: number }) => occurredAt >= from && occurredAt <= to;
    expect(found(await read({ from, to }))).toEqual(keysOf([...EVENTS, LATE].filter(isInside)));
  });

  it("have their type, their visitor and the values of the paths", async () => {
    const [event] = await read({ from: MORNING, to: MORNING });
    expect(event?.source).toMatchObject({ application: "shop", category: "page interaction", name: "view" });
    expect(unpackId(event?.visitor ?? "t")).toBe("visitor-0");
    expect(event?.valueAt(["text"])).toBe("a");
  });

  it("are read in smaller pages if their values are longer than D1 returns at once", async () => {
    const refused: string[] = [];
    const few = databases.map((database) => ({ ...database, binding: refusingPages(database.binding, refused) }));
    const events = await read({
      wanted: new Map(few.map((database) => [database, null])),
      expected: new Map(few.map((database) => [database, () => 60])),
    });
    expect(found(events)).toEqual(keysOf([...EVENTS, LATE]));
    expect(refused.length).toBeGreaterThan(0);
  });

  it("are no longer read once the check before a page throws", async () => {
    const check = () => {
      throw new Error("too many rows");
    };
    await expect(read({ check })).rejects.toThrow("too many rows");
  });

  it("are not read from databases without wanted events", async () => {
    expect(await read({ wanted: new Map() })).toEqual([]);
  });
});

/** The same database, which refuses pages of more than 20 events as D1 refuses texts of more than 2 MB. */
function refusingPages(binding: D1Database, refused: string[]): D1Database {
  return new Proxy(binding, {
    get(database, member) {
      if (member !== "withSession") return Reflect.get(database, member);
      return (constraint: D1SessionConstraint) => {
        const session = database.withSession(constraint);
        let mostEvents = 0;
        return {
          prepare: (sql: string) => ({
            bind: (...values: unknown[]) => {
              const limit = /json_group_array[\s\S]* LIMIT (\d+)/.exec(sql)?.[1] ?? "0";
              mostEvents = Math.max(mostEvents, Number(limit));
              return session.prepare(sql).bind(...values);
            },
            raw: () => session.prepare(sql).raw(),
          }),
          batch: (statements: D1PreparedStatement[]) => {
            if (mostEvents <= 20) return session.batch(statements);
            refused.push(`${mostEvents} events`);
            return Promise.reject(new Error("D1_ERROR: string or blob too big: SQLITE_TOOBIG"));
          },
        };
      };
    },
  });
}

describe("the ranges of a database", () => {
  it("cover each lane once, in pieces that are expected to hold a page", async () => {
    const [database] = databases;
    if (database === undefined) throw new Error("there is no database");
    // Two million events an hour.
    const expected = new Map([
      [database, ({ low, high }: { low: number; high: number }) => ((high - low) / HOUR) * 2e6],
    ]);
    const ranges = await withMap(async (map) =>
      rangesOf(map, database, { from: FROM, to: TO, slice: WHOLE, expected }),
    );
    const byLane = Map.groupBy(ranges, ({ lane }) => lane.suffix);
    expect(byLane.size).toBeGreaterThan(1);
    for (const own of byLane.values()) {
      for (const [n, { bounds, lane }] of own.entries()) {
        if (n > 0) expect(bounds.low).toBe((own[n - 1]?.bounds.high ?? 0) + 1);
        const isOneSlot = bounds.high - bounds.low < lane.partition.slotMicros;
        if (own.length > 1 && !isOneSlot) expect(((bounds.high - bounds.low) / HOUR) * 2e6).toBeLessThanOrEqual(20_000);
      }
    }
  });

  it("are read by a seek for each slot if the slice is small and slots are full", async () => {
    const [database] = databases;
    if (database === undefined) throw new Error("there is no database");
    const isSought = async (events: number, slice: { low: number; high: number }) => {
      const expected = new Map([[database, () => events]]);
      const asked = { from: MORNING + 2 * HOUR, to: TO - 1, slice, expected };
      return (await withMap(async (map) => rangesOf(map, database, asked))).some((range) => range.isSought);
    };
    const small = { low: 0, high: SAMPLE_KEYS / 100 };
    expect([await isSought(15_000, small), await isSought(100, small), await isSought(15_000, WHOLE)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
