import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { eventsOfHours, eventsOfLastDay } from "../../../src/storage/counts/events-by-hour";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MORNING, SECOND, store } from "../seed";

const databases = databasesOf(env);

beforeEach(() => emptyDatabases(databases));

async function sumOf(read: (database: (typeof databases)[number]) => Promise<{ events: number }>): Promise<number> {
  const all = await Promise.all(databases.map(read));
  return all.reduce((sum, { events }) => sum + events, 0);
}

it("counts the events of the hours that start in a span, both ends included", async () => {
  const rows = [-1, 0, 1, 2].flatMap((hour) =>
    Array.from({ length: hour + 2 }, (_, n) => eventRow({ session: `s${n}`, occurredAt: MORNING + hour * HOUR + n })),
  );
  await store(databases, { events: rows });
  const hour = (n: number) => MORNING / SECOND + n * 3_600;
  expect(await sumOf((database) => eventsOfHours(database, [hour(0), hour(1)]))).toBe(2 + 3);
  expect(await sumOf((database) => eventsOfHours(database, [hour(-1) + 1, hour(0)]))).toBe(2);
  expect(await sumOf((database) => eventsOfHours(database, [hour(5), hour(9)]))).toBe(0);
});

it("counts the hours that began in the last 24 hours", async () => {
  const moments = [-25 * HOUR, -23 * HOUR, 0];
  await store(databases, { events: moments.map((after) => eventRow({ occurredAt: MORNING + after })) });
  expect(await sumOf((database) => eventsOfLastDay(database, MORNING))).toBe(2);
});

it("leaves out what only overwrites free pages", async () => {
  const first = firstDatabase(databases);
  const before = await eventsOfLastDay(first, MORNING);
  await first.binding.prepare("INSERT INTO free_space_zeros (zeros) VALUES (zeroblob(1900000))").run();
  const { bytes } = await eventsOfLastDay(first, MORNING);
  expect(Math.abs(bytes - before.bytes)).toBeLessThan(50_000);
  await first.binding.prepare("DELETE FROM free_space_zeros").run();
});

it("returns the size of the database, also if it has no events", async () => {
  const { events, bytes } = await eventsOfLastDay(firstDatabase(databases), MORNING);
  expect(events).toBe(0);
  expect(bytes).toBeGreaterThan(10_000);
});

it("says how many events the busiest hour has, over all pages of dimension keys", async () => {
  const first = firstDatabase(databases);
  const hour = MORNING / SECOND;
  const rows = [
    { page: 0, bucket: hour, events: 30 },
    { page: 1, bucket: hour, events: 12 },
    { page: 1, bucket: hour - 3_600, events: 41 },
    { page: 0, bucket: hour - 26 * 3_600, events: 99 },
  ];
  await first.binding.batch([
    first.binding.prepare("INSERT INTO series VALUES (1, 2, 'a', 'shop', 0), (257, 2, 'b', 'shop', 0)"),
    ...rows.map(({ page, bucket, events }) =>
      first.binding.prepare("INSERT INTO counts VALUES (3600, ?1, ?2, ?3, '{}')").bind(page, bucket, events),
    ),
  ]);
  expect(await eventsOfLastDay(first, MORNING)).toMatchObject({ events: 83, busiest: 42 });
});
