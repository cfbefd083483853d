import { beforeEach, expect, it } from "vitest";
import type { SeriesFilter } from "../../../src/storage/counts/series";
import { exportEvents } from "../../../src/storage/exports/export-events";
import { plannedEnd } from "../../../src/storage/exports/planned-end";
import { type EventKey, type EventRange, startOf } from "../../../src/storage/scan/event-order";
import { compactAll, databases, emptyEverything } from "../../compaction/harness";
import { eventRow, HOUR, MINUTE, MORNING, SECOND, store } from "../seed";

beforeEach(emptyEverything);

const NARROW = 15 * MINUTE;
const ANY: SeriesFilter = { category: null, name: null, applications: null };
const RANGE: EventRange & { order: "asc" } = { order: "asc", from: null, to: null, after: null };

const end = (limit: number, range: Partial<EventRange> = {}, filter: Partial<SeriesFilter> = {}) =>
  plannedEnd(databases, { ...ANY, ...filter }, { ...RANGE, ...range }, limit);

/** An event a minute, of sessions in all databases. */
async function storeMinutes(count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, n) =>
    eventRow({
      session: `session-${n % 9}`,
      occurredAt: MORNING + n * MINUTE + SECOND,
      name: n % 2 === 0 ? "pageview" : "cta click",
    }),
  );
  await store(databases, { events }, NARROW);
}

it("is at the end of a minute, and each part of an export up to it is within the limit", async () => {
  const events = Array.from({ length: 60 }, (_, n) =>
    eventRow({ session: `session-${n % 9}`, occurredAt: MORNING + n * 90 * SECOND }),
  );
  await store(databases, { events }, NARROW);
  for (const limit of [3, 25, 59]) {
    let after: EventKey | null = null;
    let total = 0;
    for (let parts = 0; parts < 200; parts++) {
      const planned: number | null = await end(limit, { after });
      const range = { ...RANGE, to: planned === null ? null : planned - 1, after };
      let events = 0;
      for await (const { rows } of exportEvents(databases, { ...ANY, session: null, range, limit: 1_000 })) {
        events += rows.length;
      }
      expect(events).toBeLessThanOrEqual(limit);
      total += events;
      if (planned === null) break;
      expect(planned % MINUTE).toBe(0);
      after = startOf(planned);
    }
    expect(total).toBe(60);
  }
});

it("is null if the events do not exceed the limit, or if there are none", async () => {
  expect(await end(1)).toBeNull();
  await storeMinutes(30);
  expect(await end(30)).toBeNull();
  expect(await end(29)).toBe(MORNING + 29 * MINUTE);
});

it("counts only the events that match a filter", async () => {
  await storeMinutes(60);
  expect(await end(10, {}, { name: "cta click" })).toBe(MORNING + 21 * MINUTE);
  expect(await end(10, {}, { category: "unknown" })).toBeNull();
});

it("counts from the start of the range, by the minute", async () => {
  await storeMinutes(90);
  expect(await end(10, { from: MORNING + 20 * MINUTE })).toBe(MORNING + 30 * MINUTE);
  expect(await end(10, { from: MORNING + 70 * MINUTE })).toBe(MORNING + 80 * MINUTE);
  expect(await end(10, { after: startOf(MORNING + 85 * MINUTE) })).toBeNull();
});

it("is null if it would be after the end of the range", async () => {
  await storeMinutes(60);
  expect(await end(10, { to: MORNING + 10 * MINUTE })).toBe(MORNING + 10 * MINUTE);
  expect(await end(10, { to: MORNING + 10 * MINUTE - 1 })).toBeNull();
});

it("is null if the first minute alone exceeds the limit: the export ends within it", async () => {
  const events = Array.from({ length: 20 }, (_, n) => eventRow({ session: `s-${n}`, occurredAt: MORNING + n }));
  await store(databases, { events: [...events, eventRow({ occurredAt: MORNING + MINUTE })] });
  expect(await end(19)).toBeNull();
  expect(await end(20)).toBe(MORNING + MINUTE);
});

it("is at the end of an hour in the archive, whose minutes are no longer counted", async () => {
  await storeMinutes(180);
  await compactAll();
  expect(await end(150)).toBe(MORNING + 2 * HOUR);
  expect(await end(60)).toBe(MORNING + HOUR);
  // The first hour exceeds the limit by itself.
  expect(await end(59)).toBeNull();
});
