import { beforeEach, expect, it } from "vitest";
import { nextMoment, type RowPlace, readTableRows, type TableRow } from "../../src/compaction/read-rows";
import type { ArchivedEvent } from "../../src/storage/archive/file/archived-rows";
import { firstDatabase } from "../../src/storage/core/databases";
import { readerOf } from "../../src/storage/core/reader";
import { seriesOf } from "../../src/storage/counts/series";
import { slotOf } from "../../src/storage/partitions/partition";
import type { EventRow } from "../../src/storage/write/rows";
import { eventRow, HOUR, MORNING, SECOND, store } from "../storage/seed";
import { databases, emptyEverything } from "./harness";

const first = firstDatabase(databases);
/** One database, so that all events are in one table. */
const only = [first];
const SUFFIX = "1";

beforeEach(emptyEverything);

function archived({ sent: _, tie: __, shadow: ___, replays: ____, ...row }: EventRow): ArchivedEvent {
  return row;
}

const byId = (rows: readonly ArchivedEvent[]) => rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));

/** All rows, page by page. */
async function pages(endSlot: number | null = null): Promise<TableRow[][]> {
  const found: TableRow[][] = [];
  for (let after: RowPlace | null = null; ; ) {
    const page = await readTableRows(first, SUFFIX, after, endSlot);
    const last = page.at(-1);
    if (last === undefined) return found;
    found.push(page);
    after = last.place;
  }
}

const UUID = "0af7651c-cb4e-4e4e-80b5-f1ffddc25423";

const EVENTS = Array.from({ length: 60 }, (_, n) =>
  eventRow({
    session: n % 3 === 0 ? UUID : `session-${n % 7}`,
    id: `event-${n}`,
    application: n % 2 === 0 ? "blog" : "shop",
    name: `name-${n % 4}`,
    occurredAt: MORNING + n * 2 * 60 * SECOND,
    receivedAt: MORNING + n * 2 * 60 * SECOND - 5,
    data: JSON.stringify({ n, text: "naïve 🙂" }),
    context: n % 4 === 0 ? '{"page":"/"}' : null,
    extra: n % 5 === 0 ? '{"more":[1]}' : null,
    visitor: n % 6 === 0 ? UUID : n % 6 === 1 ? "visitor" : null,
  }),
);

it("reads every member of an event, as it was stored", async () => {
  await store(only, { events: EVENTS });
  const [page, ...others] = await pages();
  expect(byId((page ?? []).map(({ event }) => event))).toEqual(byId(EVENTS.map(archived)));
  expect(others).toEqual([]);
});

it("reads the type of an event whose dimension key is the overflow key", async () => {
  await store(only, { events: [eventRow({ category: "other", name: "other" })] });
  await first.binding.prepare("UPDATE events_1 SET type = ?1").bind('["rare","type"]').run();
  const [row] = (await pages()).flat();
  expect(row?.event).toMatchObject({ category: "rare", name: "type", application: "shop" });
});

it("continues after any row, in the order of the table", async () => {
  await store(only, { events: EVENTS });
  const all = (await pages()).flat();
  expect(await readTableRows(first, SUFFIX, null)).toEqual(all);
  for (const n of [0, 1, 29, 58]) {
    expect(await readTableRows(first, SUFFIX, all[n]?.place ?? null)).toEqual(all.slice(n + 1));
  }
  expect(await readTableRows(first, SUFFIX, all[59]?.place ?? null)).toEqual([]);
});

it("ends before a slot", async () => {
  await store(only, { events: EVENTS });
  const endSlot = slotOf(MORNING + HOUR, { slotMicros: 4 * SECOND });
  const read = (await pages(endSlot)).flat().map(({ event }) => event.id);
  expect(read.sort()).toEqual(
    EVENTS.slice(0, 30)
      .map(({ id }) => id)
      .sort(),
  );
});

it("has pages of 5,000 rows at most", async () => {
  const events = Array.from({ length: 5_200 }, (_, n) => eventRow({ id: `e-${n}`, occurredAt: MORNING + n * 1_000 }));
  await store(only, { events });
  const found = await pages();
  expect(found.map(({ length }) => length)).toEqual([5_000, 200]);
  expect(new Set(found.flat().map(({ event }) => event.id)).size).toBe(5_200);
});

it("has pages of about 4 million characters at most", async () => {
  const data = JSON.stringify({ text: "x".repeat(100_000) });
  const events = Array.from({ length: 60 }, (_, n) =>
    eventRow({ id: `e-${n}`, occurredAt: MORNING + n * SECOND, data }),
  );
  await store(only, { events });
  expect((await pages()).map(({ length }) => length)).toEqual([40, 20]);
});

it("returns the timestamp of the next row", async () => {
  await store(only, { events: EVENTS });
  const all = (await pages()).flat();
  expect(await nextMoment(first, SUFFIX, null)).toBe(MORNING);
  expect(await nextMoment(first, SUFFIX, all[10]?.place ?? null)).toBe(all[11]?.event.occurredAt);
  expect(await nextMoment(first, SUFFIX, all[59]?.place ?? null)).toBeNull();
});

it("names event types as they are stored, whatever this isolate has cached of a database that was restored since", async () => {
  await store(only, { events: [eventRow({ name: "before" })] }, HOUR);
  const [{ id = 0 } = {}] = (await first.binding.prepare("SELECT series_id AS id FROM series").all<{ id: number }>())
    .results;
  expect((await seriesOf(first, readerOf(first), [id])).get(id)?.name).toBe("before");
  await first.binding.prepare("UPDATE series SET name = 'after'").run();
  expect((await pages()).flat().map(({ event }) => event.name)).toEqual(["after"]);
});
