import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { type Database, databasesOf, firstDatabase } from "../../../../src/storage/core/databases";
import { eraseErrorsById } from "../../../../src/storage/erasures/erase-errors";
import { eraseSessionEvents } from "../../../../src/storage/erasures/erase-session";
import { readRemainders } from "../../../../src/storage/erasures/scrub/erased-remainders";
import { scrubDatabase } from "../../../../src/storage/erasures/scrub/scrub-database";
import { scrubbedTable } from "../../../../src/storage/erasures/scrub/scrubbed-table";
import { dropPartition, sealPartition } from "../../../../src/storage/partitions/partition-lifecycle";
import { emptyDatabases } from "../../empty-databases";
import { errorRow, eventRow, MORNING, partitionsOf, SECOND, store } from "../../seed";

const databases = databasesOf(env);
/** One database has all rows, so that a table can be large. */
const only: Database[] = [firstDatabase(databases)];
const [database = firstDatabase(databases)] = only;
const { binding } = database;
const ALWAYS = Number.MAX_SAFE_INTEGER;
const ENOUGH = 1_000;

beforeEach(() => emptyDatabases(databases));

/** The rows of a table with the types of their values, and its schema. */
async function contentOf(table: string) {
  const columns = (await binding.prepare(`PRAGMA table_info(${table})`).all<{ name: string }>()).results;
  const list = columns.map(({ name }) => `quote(${name}) AS "${name}", typeof(${name}) AS "type of ${name}"`);
  const { results } = await binding.prepare(`SELECT ${list.join(", ")} FROM ${table}`).all();
  const schema = await binding
    .prepare("SELECT type, name, replace(sql, '\"', '') AS sql FROM sqlite_master WHERE tbl_name = ?1 ORDER BY name")
    .bind(table)
    .all();
  return { rows: results, schema: schema.results };
}

async function tablesOfScrub(): Promise<string[]> {
  const { results } = await binding
    .prepare("SELECT name FROM sqlite_master WHERE name GLOB 'scrub*'")
    .all<{ name: string }>();
  return results.map(({ name }) => name);
}

async function placesLeft(): Promise<number | null> {
  return binding.prepare("SELECT count(*) AS n FROM erased_places").first<number>("n");
}

async function tableOfMorning(suffix = ""): Promise<string> {
  const partition = (await partitionsOf(only).latest()).find(MORNING);
  return `events_${partition?.id}${suffix}`;
}

const UUID = "0af7651c-cb4e-4e4e-80b5-f1ffddc25423";

/** Events of all kinds: ids that are UUIDs or texts, NULLs, large payloads, rare and common categories. */
function events(count: number, spacing = SECOND) {
  return Array.from({ length: count }, (_, n) =>
    eventRow({
      session: n % 7 === 0 ? UUID : `session-${n % 40}`,
      occurredAt: MORNING + ((n * 7_919) % count) * spacing,
      category: n % 50 === 0 ? "rare one" : "page interaction",
      visitor: [null, "visitor", UUID][n % 3] ?? null,
      context: n % 4 === 0 ? '{"a":1}' : null,
      extra: n % 9 === 0 ? '{"b":2}' : null,
      data: JSON.stringify({ n, text: "x".repeat(n % 97 === 0 ? 5_000 : n % 60) }),
    }),
  );
}

describe("a small table", () => {
  it("has the same rows and indexes as before", async () => {
    await store(only, { events: events(600) });
    await eraseSessionEvents(only, { session: "session-3", before: ALWAYS }, { left: 9 });
    const table = await tableOfMorning();
    const before = await contentOf(table);
    expect(await placesLeft()).toBe(13);
    expect(await scrubDatabase(database, { left: 1 }, MORNING)).toBe(true);
    expect(await readRemainders(database)).toEqual([]);
    expect(await contentOf(table)).toEqual(before);
    expect([await placesLeft(), await tablesOfScrub()]).toEqual([0, []]);
  });

  it("takes events as before", async () => {
    await store(only, { events: events(50) });
    await eraseSessionEvents(only, { session: "session-3", before: ALWAYS }, { left: 9 });
    await scrubDatabase(database, { left: ENOUGH }, MORNING);
    await store(only, { events: [eventRow({ session: "session-3" })] });
    expect(await countOf(await tableOfMorning())).toBe(49);
  });

  it("may be sealed or dropped meanwhile", async () => {
    await store(only, { events: events(100) });
    const erase = (session: string) => eraseSessionEvents(only, { session, before: ALWAYS }, { left: 9 });
    await erase("session-3");
    const [partition] = (await partitionsOf(only).latest()).partitions;
    if (partition === undefined) throw new Error("there is no partition");
    await sealPartition(only, partition);
    const before = await contentOf(await tableOfMorning("s"));
    expect(before.rows.length).toBeGreaterThan(90);
    expect(await scrubDatabase(database, { left: ENOUGH }, MORNING)).toBe(true);
    expect(await contentOf(await tableOfMorning("s"))).toEqual(before);
    await erase("session-5");
    expect(await placesLeft()).toBeGreaterThan(0);
    await dropPartition(only, partition);
    expect(await scrubDatabase(database, { left: ENOUGH }, MORNING)).toBe(true);
    expect(await placesLeft()).toBe(0);
  });
});

async function countOf(table: string): Promise<number | null> {
  return binding.prepare(`SELECT count(*) AS n FROM ${table}`).first<number>("n");
}

describe("a large table", () => {
  /** Makes the table of the morning larger than what is written as a whole, by SQL. */
  async function grow(table: string) {
    await binding
      .prepare(
        `WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < ?1)
         INSERT INTO ${table} SELECT ?2 / 4000000 + n % 5000, n * 31 % 32768, 'filled-' || n, ?2 + n, n, 1, 1,
           iif(n % 30 = 0, 1, NULL), 'id', json_object('n', n), NULL, NULL, NULL, NULL FROM c`,
      )
      .bind(scrubbedTable(table).wholeRows, MORNING)
      .run();
  }

  it("has the same rows and indexes as before, and few of them were written", async () => {
    await store(only, { events: events(600) });
    const table = await tableOfMorning();
    await grow(table);
    await eraseSessionEvents(only, { session: "session-3", before: ALWAYS }, { left: 9 });
    const before = await contentOf(table);
    const places = (await placesLeft()) ?? 0;
    expect(places).toBe(13);
    let written = 0;
    const counting = {
      prepare: (sql: string) => binding.prepare(sql),
      batch: async (statements: D1PreparedStatement[]) => {
        const results = await binding.batch(statements);
        for (const { meta } of results) written += meta.rows_written;
        return results;
      },
    };
    expect(
      await scrubDatabase({ index: 0, binding: counting as unknown as D1Database }, { left: ENOUGH }, MORNING),
    ).toBe(true);
    expect(await contentOf(table)).toEqual(before);
    expect([await placesLeft(), await tablesOfScrub()]).toEqual([0, []]);
    expect(written).toBeGreaterThan(places * 300);
    expect(written).toBeLessThan(places * 9_000);
  });

  it("may keep copies until it is written again as a whole", async () => {
    await store(only, { events: events(600) });
    const table = await tableOfMorning();
    await grow(table);
    const [partition] = (await partitionsOf(only).latest()).partitions;
    if (partition === undefined) throw new Error("there is no partition");
    const scrubSession = async (session: string, now: number) => {
      await eraseSessionEvents(only, { session, before: ALWAYS }, { left: 9 });
      expect(await scrubDatabase(database, { left: ENOUGH }, now)).toBe(true);
    };
    const remainder = { table, firstAt: MORNING, checkedAt: MORNING, isFree: false };
    await scrubSession("session-3", MORNING);
    expect(await readRemainders(database)).toEqual([{ ...remainder, lastAt: MORNING }]);
    await sealPartition(only, partition);
    await scrubSession("session-5", MORNING + 1);
    expect(await readRemainders(database)).toEqual([{ ...remainder, lastAt: MORNING + 1 }]);
    await binding.prepare(`DELETE FROM ${table}s WHERE session_id LIKE 'filled-%'`).run();
    await scrubSession("session-8", MORNING + 2);
    expect(await readRemainders(database)).toEqual([]);
  });

  it("is scrubbed over several calls if the budget ends", async () => {
    await store(only, { events: events(600, 33 * SECOND) });
    await grow(await tableOfMorning());
    await eraseSessionEvents(only, { session: "session-3", before: ALWAYS }, { left: 9 });
    const all = (await placesLeft()) ?? 0;
    expect(await scrubDatabase(database, { left: 1 }, MORNING)).toBe(false);
    const left = (await placesLeft()) ?? 0;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(all);
    expect(await scrubDatabase(database, { left: ENOUGH }, MORNING)).toBe(true);
  });
});

it("a failed transaction changes nothing, and a repeated call continues", async () => {
  await store(only, { events: events(100) });
  await eraseSessionEvents(only, { session: "session-3", before: ALWAYS }, { left: 9 });
  const table = await tableOfMorning();
  const before = await contentOf(table);
  const failing = {
    prepare: (sql: string) => binding.prepare(sql),
    batch: (statements: D1PreparedStatement[]) =>
      binding.batch([...statements, binding.prepare("INSERT INTO numbers (n) VALUES (0)")]),
  };
  const broken = { index: 0, binding: failing as unknown as D1Database };
  await expect(scrubDatabase(broken, { left: ENOUGH }, MORNING)).rejects.toThrow("UNIQUE constraint failed");
  expect([await contentOf(table), await tablesOfScrub()]).toEqual([before, []]);
  expect(await scrubDatabase(database, { left: ENOUGH }, MORNING)).toBe(true);
  expect(await contentOf(table)).toEqual(before);
});

it("two callers at once, beside a writer, change nothing else", async () => {
  await store(only, { events: events(200) });
  await eraseSessionEvents(only, { session: "session-3", before: ALWAYS }, { left: 9 });
  const table = await tableOfMorning();
  const before = (await countOf(table)) ?? 0;
  const more = Array.from({ length: 20 }, (_, n) =>
    eventRow({ session: `new-${n}`, occurredAt: MORNING + n * SECOND }),
  );
  await Promise.all([
    scrubDatabase(database, { left: ENOUGH }, MORNING),
    ...more.map((one) => store(only, { events: [one] })),
    scrubDatabase(database, { left: ENOUGH }, MORNING),
  ]);
  expect([await countOf(table), await placesLeft(), await tablesOfScrub()]).toEqual([before + 20, 0, []]);
});

it.each([50, 2_500])("%d errors and their pieces stay the same", async (count) => {
  const errors = Array.from({ length: count }, (_, n) =>
    errorRow({
      ...{
        id: `${String((n * 7) % count).padStart(8, "0")}-error`,
        receivedAt: MORNING + n,
        session: n % 2 === 0 ? "a" : null,
      },
      ...(n % 5 === 0 ? { content: null, parts: 1 } : {}),
    }),
  );
  const parts = errors
    .filter((error) => error.parts === 1)
    .map(({ id, session }) => ({ errorId: id, part: 0, content: "y".repeat(3_000), session }));
  await store(only, { errors, parts });
  expect(
    await eraseErrorsById(
      only,
      errors.slice(10, 16).map(({ id }) => id),
    ),
  ).toBe(6);
  const before = [await contentOf("errors"), await contentOf("error_parts")];
  // A place for each of the errors, and for each that has pieces.
  expect(await placesLeft()).toBe(8);
  expect(await scrubDatabase(database, { left: ENOUGH }, MORNING)).toBe(true);
  expect([await contentOf("errors"), await contentOf("error_parts")]).toEqual(before);
  expect([await placesLeft(), await tablesOfScrub()]).toEqual([0, []]);
});
