import { beforeEach, expect, it } from "vitest";
import { firstDatabase } from "../../../src/storage/core/databases";
import { packId, unpackId } from "../../../src/storage/core/packed-id";
import type { ScannedEvent } from "../../../src/storage/events/scan-statements";
import { PartitionMoved, readSource, sourcesOf } from "../../../src/storage/exports/event-source";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { compareEventKeys, type EventKey, type EventRange } from "../../../src/storage/scan/event-order";
import type { EventRow } from "../../../src/storage/write/rows";
import { compactAll, databases, emptyEverything } from "../../compaction/harness";
import { eventRow, HOUR, inReadingOrder, MINUTE, MORNING, partitionsOf, store } from "../seed";

beforeEach(emptyEverything);

const EVERYTHING: EventRange = { order: "asc", from: null, to: null, after: null };

function eventsOf(count: number, micros: number, name = "event"): EventRow[] {
  return Array.from({ length: count }, (_, n) =>
    eventRow({ session: `session-${n % 29}`, id: `${name}-${n}`, occurredAt: MORNING + n * micros }),
  );
}

/** The reads of each source. */
async function readsOf({ range = EVERYTHING, isHotOnly = false } = {}): Promise<ScannedEvent[][][]> {
  const reads: ScannedEvent[][][] = [];
  for (const source of sourcesOf(databases, isHotOnly)) {
    const own: ScannedEvent[][] = [];
    for await (const rows of readSource(databases, source, range)) own.push(rows);
    reads.push(own);
  }
  return reads;
}

const idsIn = (reads: readonly ScannedEvent[][]) => reads.flat().map(({ id }) => unpackId(id));
const idsOf = (rows: readonly EventRow[]) => rows.map(({ id }) => id).sort();

it("has the main and the late lanes of every database as separate sources", () => {
  expect(sourcesOf(databases, true).map(({ database, kind, isHotOnly }) => [database.index, kind, isHotOnly])).toEqual([
    ...[0, 1, 2].flatMap((index) => [
      [index, "main", true],
      [index, "late", true],
    ]),
  ]);
});

it("reads every event of its lanes once, in ascending order, with few events in the first read", async () => {
  const [main, late] = [eventsOf(3_000, 3_000_000), eventsOf(300, 20_000_000, "late")];
  await store(databases, { events: main }, HOUR);
  for (const partition of (await partitionsOf(databases, HOUR).latest()).partitions) {
    await sealPartition(databases, partition);
  }
  await store(databases, { events: late }, HOUR);
  const reads = await readsOf();
  const ofKind = (kind: string) =>
    sourcesOf(databases, false).flatMap((source, place) => (source.kind === kind ? idsIn(reads[place] ?? []) : []));
  expect(ofKind("main").sort()).toEqual(idsOf(main));
  expect(ofKind("late").sort()).toEqual(idsOf(late));
  for (const [place, source] of sourcesOf(databases, false).entries()) {
    const own = reads[place] ?? [];
    const keys = own.flat().map(({ key }) => key);
    expect(keys).toEqual(keys.toSorted(compareEventKeys));
    expect(own[0]?.length).toBeLessThanOrEqual(500);
    expect(own.flat().every(({ database }) => database === source.database)).toBe(true);
  }
});

it("reads only the events of the range, after a place in it", async () => {
  const rows = inReadingOrder(eventsOf(60, MINUTE));
  await store(databases, { events: rows }, 15 * MINUTE);
  const [place] = rows.slice(20, 21);
  if (place === undefined) throw new Error("there are 60 events");
  const { occurredAt, receivedAt, session, tie } = place;
  const after: EventKey = { occurredAt, receivedAfter: receivedAt - occurredAt, session: packId(session), tie };
  const range = { ...EVERYTHING, from: MORNING + 5 * MINUTE, to: MORNING + 40 * MINUTE, after };
  const reads = await readsOf({ range });
  expect(reads.flatMap(idsIn).sort()).toEqual(idsOf(rows.slice(21, 41)));
});

it("finds partitions that are sealed or created between two reads", async () => {
  await store(databases, { events: eventsOf(3_000, 3_000_000) }, 15 * MINUTE);
  const source = { database: firstDatabase(databases), kind: "main" as const, isHotOnly: false };
  const found: ScannedEvent[] = [];
  let isChanged = false;
  for await (const rows of readSource(databases, source, EVERYTHING)) {
    found.push(...rows);
    if (isChanged) continue;
    isChanged = true;
    for (const partition of (await partitionsOf(databases, 15 * MINUTE).latest()).partitions) {
      await sealPartition(databases, partition);
    }
    const created = eventsOf(30, 3_000_000, "created");
    await store(databases, { events: created.map((row) => ({ ...row, occurredAt: row.occurredAt + 5 * HOUR })) }, HOUR);
  }
  const [expected = []] = await readsOf();
  expect(idsIn([found])).toEqual(idsIn(expected));
  expect(idsIn([found])).toContainEqual(expect.stringMatching(/^created/));
});

it("leaves long contents out of a read, with their size", async () => {
  const data = JSON.stringify({ text: "x".repeat(20_000) });
  await store(databases, { events: [eventRow({ id: "long", data }), eventRow({ id: "short", data: "{}" })] });
  const rows = (await readsOf()).flat(2);
  expect(rows.find(({ id }) => unpackId(id) === "long")).toMatchObject({ data: null, size: data.length });
  expect(rows.find(({ id }) => unpackId(id) === "short")).toMatchObject({ data: "{}", size: 2 });
});

it("ends with PartitionMoved if the events of the range are in the archive and must be read there", async () => {
  await store(databases, { events: eventsOf(10, MINUTE) }, HOUR);
  await compactAll();
  await expect(readsOf({ isHotOnly: true })).rejects.toThrow(PartitionMoved);
  expect(await readsOf({ isHotOnly: false })).toEqual(sourcesOf(databases, false).map(() => []));
  const range = { ...EVERYTHING, from: MORNING + 3 * HOUR };
  expect((await readsOf({ isHotOnly: true, range })).flat()).toEqual([]);
});
