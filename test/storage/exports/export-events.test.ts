import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { type ExportQuestion, exportEvents } from "../../../src/storage/exports/export-events";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import type { EventKey } from "../../../src/storage/scan/event-order";
import type { EventRow } from "../../../src/storage/write/rows";
import { emptyDatabases } from "../empty-databases";
import { eventRow, inReadingOrder, MINUTE, MORNING, nameOf, partitionsOf, store } from "../seed";

const databases = databasesOf(env);

const NARROW = 15 * MINUTE;

const everything: ExportQuestion = {
  ...{ session: null, category: null, name: null, applications: null },
  range: { order: "asc", from: null, to: null, after: null },
  limit: 1_000_000,
};

beforeEach(() => emptyDatabases(databases));

/** 90 minutes of events in sessions of several databases, six partitions, some with equal timestamps. */
function traffic(count: number): EventRow[] {
  return Array.from({ length: count }, (_, n) =>
    eventRow({
      session: `session-${n % 17}`,
      occurredAt: MORNING + Math.floor(((n % 3 === 0 ? n + 1 : n) * 90 * MINUTE) / (count + 1)),
      category: n % 5 === 0 ? "form interaction" : "page interaction",
      data: JSON.stringify({ n, text: "é".repeat(n % 50 === 0 ? 6_000 : n % 7) }),
      context: n % 4 === 0 ? '{"sdk":"x"}' : null,
    }),
  );
}

async function exported(question: ExportQuestion): Promise<{ names: string[]; next: EventKey | null }> {
  const names: string[] = [];
  let next: EventKey | null = null;
  for await (const part of exportEvents(databases, question)) {
    names.push(...part.rows.map(nameOf));
    next = part.next;
  }
  return { names, next };
}

describe("exportEvents", () => {
  it("returns every event once and in order, over databases, partitions and lanes", async () => {
    const rows = traffic(1_500);
    await store(databases, { events: rows.filter((_, n) => n % 10 !== 0) }, NARROW);
    const partitions = partitionsOf(databases, NARROW);
    const [first, second] = (await partitions.latest()).partitions;
    for (const partition of [first, second]) if (partition !== undefined) await sealPartition(databases, partition);
    // Late events are in late lanes; some are copies of events in the sealed lane.
    await store(databases, { events: rows.filter((_, n) => n % 10 === 0) }, NARROW);
    await store(databases, { events: rows.slice(1, 4) }, NARROW);
    const all = await exported(everything);
    expect(all.next).toBeNull();
    expect(all.names).toEqual(inReadingOrder(rows).map(nameOf));
  });

  it("continues where it ended, in parts of any size", async () => {
    const rows = traffic(300);
    await store(databases, { events: rows }, NARROW);
    const names: string[] = [];
    let after: EventKey | null = null;
    do {
      const part = await exported({ ...everything, range: { ...everything.range, after }, limit: 37 });
      expect(part.names.length).toBeLessThanOrEqual(37);
      names.push(...part.names);
      after = part.next;
    } while (after !== null);
    expect(names).toEqual(inReadingOrder(rows).map(nameOf));
  });

  it("filters as the list of events does", async () => {
    const rows = traffic(400);
    await store(databases, { events: rows }, NARROW);
    const category = "form interaction";
    const expected = inReadingOrder(rows.filter((row) => row.category === category)).map(nameOf);
    expect((await exported({ ...everything, category })).names).toEqual(expected);
    const session = "session-3";
    const own = inReadingOrder(rows.filter((row) => row.session === session)).map(nameOf);
    expect((await exported({ ...everything, session })).names).toEqual(own);
  });

  it("is not affected if a partition is sealed meanwhile", async () => {
    const rows = traffic(1_200);
    await store(databases, { events: rows }, NARROW);
    const names: string[] = [];
    let isSealed = false;
    for await (const part of exportEvents(databases, everything)) {
      names.push(...part.rows.map(nameOf));
      if (isSealed) continue;
      isSealed = true;
      for (const partition of (await partitionsOf(databases, NARROW).latest()).partitions) {
        await sealPartition(databases, partition);
      }
    }
    expect(names).toEqual(inReadingOrder(rows).map(nameOf));
  });
});
