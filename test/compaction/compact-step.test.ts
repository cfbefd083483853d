import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { compactStep } from "../../src/compaction/compact-step";
import type { CompactionIo } from "../../src/compaction/compaction-io";
import type { ArchivedEvent } from "../../src/storage/archive/file/archived-rows";
import { visitorName } from "../../src/storage/archive/file/session-index";
import { findInIndex } from "../../src/storage/archive/index-store";
import { filesByHour } from "../../src/storage/archive/manifest";
import { firstDatabase } from "../../src/storage/core/databases";
import type { EventRow } from "../../src/storage/write/rows";
import { eventRow, HOUR, MINUTE, MORNING, partitionsOf, SECOND, store } from "../storage/seed";
import { compactAll, databases, EAGER, emptyEverything, ioWith, LATER, readArchive } from "./harness";

beforeEach(emptyEverything);

/** Events of 40 sessions over three hours. Some have every member that an event can have. */
const EVENTS = Array.from({ length: 240 }, (_, n) =>
  eventRow({
    session: n % 2 === 0 ? `session-${n % 40}` : `00000000-0000-4000-8000-${String(n % 40).padStart(12, "0")}`,
    id: `event-${n}`,
    application: n % 5 === 0 ? "blog" : "shop",
    name: `name-${n % 3}`,
    occurredAt: MORNING + n * 45 * SECOND,
    data: JSON.stringify({ n, text: "naïve 🙂" }),
    context: n % 4 === 0 ? '{"page":"/"}' : null,
    extra: n % 6 === 0 ? '{"more":[1,null]}' : null,
    visitor: n % 3 === 0 ? `visitor-${n % 9}` : null,
  }),
);

const HOURS = { first: 0, last: Number.MAX_SAFE_INTEGER };

function archived({ sent: _, tie: __, shadow: ___, replays: ____, ...row }: EventRow): ArchivedEvent {
  return row;
}

function byId(events: readonly { id: string }[]) {
  return events.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

async function states() {
  return (await partitionsOf(databases).latest()).partitions.map(({ state }) => state);
}

async function countedEvents(seconds: number, table: "counts" | "receipt_counts" = "counts"): Promise<number> {
  const sums = await Promise.all(
    databases.map(({ binding }) =>
      binding.prepare(`SELECT sum(events) AS n FROM ${table} WHERE seconds = ?1`).bind(seconds).first<number>("n"),
    ),
  );
  return sums.reduce<number>((all, one) => all + (one ?? 0), 0);
}

describe("a partition whose hot window is over", () => {
  it("is sealed, copied, archived and dropped, and every event is in the archive once", async () => {
    await store(databases, { events: EVENTS });
    const steps = await compactAll();
    expect(new Set(steps.map(({ did }) => did))).toEqual(new Set(["sealed", "copied", "archived", "dropped"]));
    expect(await states()).toEqual(["dropped"]);
    expect(byId(await readArchive())).toEqual(byId(EVENTS.map(archived)));
    expect(await countedEvents(3_600)).toBe(EVENTS.length);
  });

  it("is stored in files of one hour, one database and a limited number of rows, named by day, hour and database", async () => {
    await store(databases, { events: EVENTS });
    await compactAll();
    const files = await filesByHour(firstDatabase(databases), {
      ...{ kind: "events", partitions: null, first: 0, last: Number.MAX_SAFE_INTEGER, order: "asc", limit: 100 },
    });
    expect(files.length).toBeGreaterThan(8);
    for (const { key, hour, database, rows, first, last } of files) {
      expect(rows).toBeLessThanOrEqual(50);
      expect([Math.floor(first / HOUR), Math.floor(last / HOUR)]).toEqual([hour / 3_600, hour / 3_600]);
      const hh = String((hour / 3_600) % 24).padStart(2, "0");
      expect(key).toMatch(new RegExp(`^events/day=2021-01-01/hour=${hh}/db=${database}/[0-9a-f]{32}\\.parquet$`));
    }
  });

  it("can be found by session and by visitor", async () => {
    await store(databases, { events: EVENTS });
    await compactAll();
    const found = await Promise.all(
      databases.map((database) =>
        findInIndex(database, ["session-2", visitorName("visitor-3"), "session-none"], HOURS),
      ),
    );
    const places = found.flat().map(({ place }) => place);
    // Events of a session are 40 numbers apart, in three hours. Those of a visitor are in every session.
    expect(places.filter((place) => place === 0)).toHaveLength(3);
    expect(places.filter((place) => place === 1).length).toBeGreaterThan(3);
    expect(places).not.toContain(2);
  });

  it("is unchanged before its window is over, and while it is open", async () => {
    await store(databases, { events: EVENTS });
    const [partition] = (await partitionsOf(databases).latest()).partitions;
    const end = partition?.to ?? 0;
    const settings = { ...EAGER, hotMicros: HOUR };
    for (const now of [MORNING, end - 1, end + HOUR - 1]) {
      expect(await compactAll(ioWith({ settings }), now)).toEqual([]);
    }
    expect((await compactAll(ioWith({ settings }), end + HOUR)).length).toBeGreaterThan(0);
  });

  it("is copied after the grace period", async () => {
    await store(databases, { events: EVENTS });
    const settings = { ...EAGER, graceMicros: 5 * MINUTE };
    expect((await compactAll(ioWith({ settings }), LATER)).map(({ did }) => did)).toEqual(["sealed"]);
    expect(await compactAll(ioWith({ settings }), LATER + 5 * MINUTE - 1)).toEqual([]);
    expect((await compactAll(ioWith({ settings }), LATER + 5 * MINUTE)).at(-1)?.did).toBe("dropped");
  });

  it("is archived early if its database is too large", async () => {
    await store(databases, { events: EVENTS });
    const settings = { ...EAGER, hotMicros: 1_000 * 24 * HOUR, hotBytes: 1 };
    expect((await compactAll(ioWith({ settings }), LATER)).at(-1)?.did).toBe("dropped");
  });

  it("stays in the databases if there is no archive", async () => {
    await store(databases, { events: EVENTS });
    expect(await compactAll(ioWith({ archive: null }))).toEqual([]);
    expect(await states()).toEqual(["open"]);
  });

  it("is not published if the copy is incomplete", async () => {
    await store(databases, { events: EVENTS });
    const io = ioWith();
    await compactStep(io, LATER);
    await compactStep(io, LATER);
    const first = firstDatabase(databases);
    await first.binding.prepare("UPDATE archive_files SET rows = rows - 1").run();
    await compactAll(io);
    expect(await states()).toEqual(["sealed"]);
    const failure = await first.binding.prepare("SELECT failure FROM compactions").first<string>("failure");
    expect(failure).toContain("rows in files");
  });
});

describe("the compactor after a failure", () => {
  /** Dependencies in which the call with this number fails, before or after it takes effect. */
  function failingAt(number: number, after: boolean): { io: CompactionIo; calls: () => number } {
    let calls = 0;
    const pass = async <Result>(call: () => Promise<Result>): Promise<Result> => {
      calls += 1;
      if (calls !== number) return call();
      if (after) await call();
      throw new Error("D1_ERROR: Network connection lost.");
    };
    const archive: CompactionIo["archive"] = {
      ...{ get: env.ARCHIVE.get.bind(env.ARCHIVE), list: env.ARCHIVE.list.bind(env.ARCHIVE) },
      delete: (keys: string | string[]) => env.ARCHIVE.delete(keys),
      put: ((...args: Parameters<R2Bucket["put"]>) => pass(() => env.ARCHIVE.put(...args))) as R2Bucket["put"],
    };
    const failing = databases.map(({ index, binding }) => ({
      index,
      binding: new Proxy(binding, {
        get: (target, name) => {
          if (name === "batch") return (list: D1PreparedStatement[]) => pass(() => target.batch(list));
          const value: unknown = Reflect.get(target, name);
          return typeof value === "function" ? value.bind(target) : value;
        },
      }),
    }));
    return { io: ioWith({ databases: failing, archive }), calls: () => calls };
  }

  it.each([false, true])(
    "continues wherever it failed (after the call took effect: %s)",
    async (after) => {
      const events = EVENTS.slice(0, 12);
      for (let number = 1; ; number++) {
        await emptyEverything();
        await store(databases, { events });
        const { io, calls } = failingAt(number, after);
        const failed = await compactAll(io).then(
          () => false,
          () => true,
        );
        await compactAll();
        expect(byId(await readArchive()), `failed at call ${number}`).toEqual(byId(events.map(archived)));
        expect(await states()).toEqual(["dropped"]);
        if (!failed) {
          expect(calls()).toBeGreaterThan(10);
          return;
        }
      }
    },
    120_000,
  );

  it("does no harm if two run at once", async () => {
    await store(databases, { events: EVENTS });
    const both = () => Promise.allSettled([compactStep(ioWith(), LATER), compactStep(ioWith(), LATER)]);
    for (let round = 0; round < 60 && (await states())[0] !== "dropped"; round++) await both();
    expect(byId(await readArchive())).toEqual(byId(EVENTS.map(archived)));
  });
});

describe("late events", () => {
  const late = Array.from({ length: 30 }, (_, n) =>
    eventRow({ session: `session-${n}`, id: `late-${n}`, occurredAt: MORNING + n * 5 * MINUTE + SECOND }),
  );

  it("go to additional files, and are counted then", async () => {
    await store(databases, { events: EVENTS });
    await compactAll();
    await store(databases, { events: late });
    expect(await countedEvents(86_400)).toBe(EVENTS.length);
    const steps = await compactAll();
    expect(steps.every(({ did }) => did === "flushed")).toBe(true);
    expect(byId(await readArchive())).toEqual(byId([...EVENTS, ...late].map(archived)));
    expect(await countedEvents(86_400)).toBe(EVENTS.length + late.length);
    expect(await countedEvents(3_600)).toBe(EVENTS.length + late.length);
    expect(await compactAll()).toEqual([]);
  });

  it("are dropped if they are copies, and go to the errors if they contradict an archived one", async () => {
    await store(databases, { events: EVENTS });
    await compactAll();
    const [first, second, ...others] = EVENTS.slice(0, 20);
    if (first === undefined || second === undefined) throw new Error("there are events");
    const conflict = eventRow({ ...second, data: '{"other":1}', receivedAt: second.receivedAt + 7 });
    await store(databases, { events: [{ ...first, receivedAt: first.receivedAt + 5 }, conflict, ...others] });
    // Until they are known to be copies, they count as received.
    expect(await countedEvents(86_400, "receipt_counts")).toBe(EVENTS.length + 20);
    await compactAll();
    for (const seconds of [60, 3_600, 86_400]) {
      expect(await countedEvents(seconds, "receipt_counts")).toBe(EVENTS.length);
    }
    expect(byId(await readArchive())).toEqual(byId(EVENTS.map(archived)));
    expect(await countedEvents(86_400)).toBe(EVENTS.length);
    const errors = await Promise.all(
      databases.map(({ binding }) => binding.prepare("SELECT event_id, issues FROM errors").all()),
    );
    expect(errors.flatMap(({ results }) => results)).toEqual([
      { event_id: second.id, issues: expect.stringContaining("id_conflict") },
    ]);
  });

  it("are kept and counted once if the work fails half-way", async () => {
    for (const isCounted of [false, true]) {
      await emptyEverything();
      await store(databases, { events: EVENTS });
      await compactAll();
      await store(databases, { events: late });
      // The transaction that counts and removes fails, or the one after it.
      const failing = databases.map(({ index, binding }) => ({
        index,
        binding: new Proxy(binding, {
          get: (target, name) => {
            const value: unknown = Reflect.get(target, name);
            if (name !== "batch" || typeof value !== "function") {
              return typeof value === "function" ? value.bind(target) : value;
            }
            return async (list: D1PreparedStatement[]) => {
              if (list.length < 5) return target.batch(list);
              if (isCounted) await target.batch(list);
              throw new Error("D1_ERROR: Network connection lost.");
            };
          },
        }),
      }));
      await expect(compactAll(ioWith({ databases: failing }))).rejects.toThrow("lost");
      expect((await compactAll()).map(({ did }) => did)).toContain("finished");
      expect(byId(await readArchive())).toEqual(byId([...EVENTS, ...late].map(archived)));
      expect(await countedEvents(86_400)).toBe(EVENTS.length + late.length);
    }
  });
});
