import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { categoryIdOf } from "../../../src/storage/counts/series";
import { scanChains, scanEvents } from "../../../src/storage/events/scan-statements";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import type { EventRange } from "../../../src/storage/scan/event-order";
import type { LaneSource } from "../../../src/storage/scan/lane-chains";
import { boundedTimeTerm, rareTerm, type ScanTerm, sessionTerm, timeTerm } from "../../../src/storage/scan/scan-terms";
import type { EventRow } from "../../../src/storage/write/rows";
import { emptyDatabases } from "../empty-databases";
import { chainsOver, idsOf, rangeOf } from "../events/scan-of";
import { eventRow, HOUR, inReadingOrder, MINUTE, MORNING, partitionsOf, store } from "../seed";

const home = firstDatabase(databasesOf(env));
const ORDERS = ["asc", "desc"] as const;

/** Three sessions over three hours, several events with the same timestamp, in partitions of an hour. */
const rows: EventRow[] = Array.from({ length: 240 }, (_, n) =>
  eventRow({
    id: `e${n}`,
    session: `s${n % 3}`,
    category: n % 8 === 0 ? "form interaction" : "page interaction",
    occurredAt: MORNING + Math.floor(n / 3) * 2.2 * MINUTE,
    receivedAt: MORNING + Math.floor(n / 3) * 2.2 * MINUTE + (n % 2) * 7,
  }),
);

beforeAll(async () => {
  await emptyDatabases([home]);
  await store([home], { events: rows }, HOUR);
});

async function read(range: EventRange, termOf: (lane: LaneSource) => ScanTerm) {
  const chains = scanChains(await chainsOver([home], range.order), termOf);
  const partialPages = await scanEvents(chains, 1_000);
  return idsOf(partialPages.flatMap(({ rows: found }) => found));
}

const expected = (order: EventRange["order"], keep: (row: EventRow) => boolean = () => true) => {
  const ids = inReadingOrder(rows.filter(keep)).map(({ id }) => id);
  return order === "asc" ? ids : ids.toReversed();
};

describe.each(ORDERS)("a scan, %s,", (order) => {
  const [from, to] = [MORNING + 50 * MINUTE, MORNING + 130 * MINUTE];
  const isWithin = ({ occurredAt }: EventRow) => occurredAt >= from && occurredAt <= to;

  it("by time returns every event of the range once, in order", async () => {
    const all = rangeOf(order);
    expect(await read(all, (lane) => timeTerm(lane, all))).toEqual(expected(order));
    const range = rangeOf(order, { from, to });
    expect(await read(range, (lane) => timeTerm(lane, range))).toEqual(expected(order, isWithin));
  });

  it("by session returns only those of the session", async () => {
    const range = rangeOf(order, { from, to });
    expect(await read(range, (lane) => sessionTerm(lane, range, "s1"))).toEqual(
      expected(order, (row) => row.session === "s1" && isWithin(row)),
    );
    expect(await read(range, (lane) => sessionTerm(lane, range, "nobody"))).toEqual([]);
  });

  it("by rare category returns only those of the category", async () => {
    const range = rangeOf(order);
    expect(await read(range, (lane) => rareTerm(lane, range, categoryIdOf("form interaction")))).toEqual(
      expected(order, ({ category }) => category === "form interaction"),
    );
  });

  it("continues after the event at which it ended, also among events with the same timestamp", async () => {
    const all = scanChains(await chainsOver([home], order), (lane) => timeTerm(lane, rangeOf(order)));
    const [{ rows: found } = { rows: [] }] = await scanEvents(all, 1_000);
    for (const place of [0, 1, 2, 100, 238]) {
      const range = rangeOf(order, { after: found[place]?.key ?? null });
      expect(await read(range, (lane) => timeTerm(lane, range))).toEqual(expected(order).slice(place + 1));
    }
  });

  it("by time with a budget returns where it stopped, and everything up to there", async () => {
    const range = rangeOf(order);
    const chains = scanChains(await chainsOver([home], order), (lane) => boundedTimeTerm(lane, range, 12));
    const [{ rows: found, until } = { rows: [], until: null }] = await scanEvents(chains, 1_000);
    expect(found.length).toBeGreaterThanOrEqual(12);
    expect(found.length).toBeLessThan(rows.length / 2);
    expect(idsOf(found)).toEqual(expected(order).slice(0, found.length));
    const next = inReadingOrder(rows).at(order === "asc" ? found.length : -1 - found.length);
    expect(
      order === "asc"
        ? (until?.occurredAt ?? 0) <= (next?.occurredAt ?? 0)
        : (until?.occurredAt ?? 0) > (next?.occurredAt ?? 0),
    ).toBe(true);
  });
});

it("an event in a late lane and in the main one is read once", async () => {
  const partition = (await partitionsOf([home]).latest()).find(MORNING);
  if (partition === null) throw new Error("no partition covers the morning");
  await sealPartition([home], partition);
  const copied = await home.binding
    .prepare(`INSERT INTO events_${partition.id}l SELECT * FROM events_${partition.id}s WHERE session_id = 's0'`)
    .run();
  expect(copied.meta.changes).toBeGreaterThan(0);
  const range = rangeOf("asc");
  expect((await read(range, (lane) => timeTerm(lane, range))).toSorted()).toEqual(expected("asc").toSorted());
});
