import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf } from "../../../../src/storage/core/databases";
import { unpackId } from "../../../../src/storage/core/packed-id";
import { withPartitions } from "../../../../src/storage/partitions/known-partitions";
import { readTuples, type TupleQuestion } from "../../../../src/storage/questions/tuples/read-tuples";
import type { Tuple } from "../../../../src/storage/questions/tuples/tuple-page";
import { emptyDatabases } from "../../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, storeWithLateLane } from "../../seed";

const databases = databasesOf(env);
const WIDTH = 4 * HOUR;
const ANY = { category: null, name: null, applications: null };

const PAYLOADS: [unknown, unknown][] = [
  ["text", "text"],
  [1.5, 1.5],
  [true, true],
  [null, null],
  [{ a: 1 }, null],
  [[1], null],
  ["x".repeat(600), "x".repeat(500)],
];
/** Two partitions. The first is sealed later and has late events, one of which is a copy. */
const EVENTS = Array.from({ length: 700 }, (_, n) =>
  eventRow({
    session: `session-${n % 9}`,
    occurredAt: MORNING + (n % 7) * HOUR + n * 1_000,
    application: n % 3 === 0 ? "blog" : "shop",
    visitor: n % 2 === 0 ? `visitor-${n % 4}` : null,
    data: JSON.stringify({ value: PAYLOADS[n % PAYLOADS.length]?.[0] }),
  }),
);
const LATE = eventRow({ session: "session-1", occurredAt: MORNING + MINUTE });

beforeAll(async () => {
  await emptyDatabases(databases);
  await storeWithLateLane(databases, { events: EVENTS, late: LATE }, WIDTH);
});

async function read(changes: Partial<TupleQuestion>) {
  const tuples: Tuple[] = [];
  const periods = [{ start: MORNING, end: MORNING + 24 * HOUR }];
  const question: TupleQuestion = {
    periods,
    filter: ANY,
    paths: [["value"]],
    lanes: "all",
    most: 1_000_000,
    ...changes,
  };
  const reading = await withPartitions(databases, (map) =>
    readTuples(databases, map, question, (some) => {
      tuples.push(...some);
    }),
  );
  return { tuples, reading };
}

const keysOf = (events: { session: string; occurredAt: number }[]) =>
  events.map(({ session, occurredAt }) => `${session} ${occurredAt}`).sort();
const found = (tuples: Tuple[]) => keysOf(tuples.map((one) => ({ ...one, session: unpackId(one.session) })));

describe("events as tuples", () => {
  it("are each read once, over pages, partitions, lanes and databases", async () => {
    const { tuples, reading } = await read({});
    expect(found(tuples)).toEqual(keysOf([...EVENTS, LATE]));
    expect(reading).toEqual({ isComplete: true, events: EVENTS.length + 1 });
  });

  it.each([
    ["main", EVENTS],
    ["late", [LATE]],
  ] as const)("are those of the wanted lanes: %s", async (lanes, events) => {
    expect(found((await read({ lanes })).tuples)).toEqual(keysOf([...events]));
  });

  it("are those of the periods, without their ends, that pass the filter", async () => {
    const periods = [
      { start: MORNING, end: MORNING + HOUR },
      { start: MORNING + 5 * HOUR, end: MORNING + 6 * HOUR + 13_000 },
    ];
    const { tuples } = await read({ periods, filter: { ...ANY, applications: ["blog"] } });
    const isInside = ({ occurredAt }: { occurredAt: number }) =>
      periods.some(({ start, end }) => occurredAt >= start && occurredAt < end);
    const wanted = EVENTS.filter((event) => event.application === "blog" && isInside(event));
    expect(wanted.length).toBeGreaterThan(10);
    expect(found(tuples)).toEqual(keysOf(wanted));
  });

  it("have the type, the visitor and JSON scalars, of which long texts are cut", async () => {
    const { tuples } = await read({ lanes: "main" });
    for (const tuple of tuples) {
      const n = EVENTS.findIndex(({ occurredAt }) => occurredAt === tuple.occurredAt);
      const { application, category, name } = EVENTS[n] ?? eventRow();
      expect(tuple).toMatchObject({ application, category, name, values: [PAYLOADS[n % PAYLOADS.length]?.[1]] });
      expect(tuple.visitor === null ? null : unpackId(tuple.visitor)).toBe(EVENTS[n]?.visitor);
    }
  });

  it("are incomplete above the limit", async () => {
    const periods = Array.from({ length: 40 }, (_, n) => ({
      start: MORNING + n * 10 * MINUTE,
      end: MORNING + (n + 1) * 10 * MINUTE,
    }));
    const { reading } = await read({ periods, most: 20 });
    expect(reading.isComplete).toBe(false);
    expect(reading.events).toBeLessThan(EVENTS.length);
  });
});
