import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { removalOfLateRows } from "../../src/compaction/late/late-rows";
import { readTableRows } from "../../src/compaction/read-rows";
import type { Database } from "../../src/storage/core/databases";
import { eraseErrorsById } from "../../src/storage/erasures/erase-errors";
import { eraseSessionEvents } from "../../src/storage/erasures/erase-session";
import { scrubDatabase } from "../../src/storage/erasures/scrub/scrub-database";
import { lateSuffix } from "../../src/storage/partitions/partition";
import { dropPartition, sealPartition } from "../../src/storage/partitions/partition-lifecycle";
import { seeded } from "../simulation/world/random";
import { DAY, errorRow, eventRow, HOUR, MORNING, partitionsOf, store } from "../storage/seed";
import { databaseIn, sqliteDatabase } from "./sqlite-database";

const ALWAYS = Number.MAX_SAFE_INTEGER;
const random = seeded(17);

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "erased-copies-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The marks of events in a database's file, in any page. */
function marksIn(sqlite: DatabaseSync): string[] {
  sqlite.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const file = sqlite.location();
  if (file === null) throw new Error("the database is not in a file");
  return [...readFileSync(file, "latin1").matchAll(/mark-\d+-\d+-/g)].map(([mark]) => mark);
}

/** How many of some texts are in a database's file. */
function copiesIn(sqlite: DatabaseSync, texts: ReadonlySet<string>): number {
  return marksIn(sqlite).filter((mark) => texts.has(mark)).length;
}

/** The number of copies of the event that has the most. */
function mostCopies(sqlite: DatabaseSync): number {
  return Math.max(...[...Map.groupBy(marksIn(sqlite), (mark) => mark).values()].map((own) => own.length));
}

/** A database in a file. */
function databaseInFile() {
  const { database, sqlite } = sqliteDatabase(join(folder, "db.sqlite"));
  sqlite.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
  return { database, sqlite, copiesOf: (texts: ReadonlySet<string>) => copiesIn(sqlite, texts) };
}

const markOf = (session: number, n: number) => `mark-${session}-${n}-`;

/** Sessions of 20 events within an hour, in the order in which they arrive. */
function eventsOf(sessions: number, isShuffled: boolean) {
  const events = Array.from({ length: sessions }, (_, session) => {
    const begun = MORNING + random.below(HOUR / 2);
    return Array.from({ length: 20 }, (_, n) => {
      const occurredAt = begun + n * random.below(60_000_000);
      const arrived = isShuffled ? random.below(HOUR) : occurredAt + random.below(5_000_000);
      const data = JSON.stringify({ mark: markOf(session, n), text: "x".repeat(random.below(100)) });
      return { arrived, row: eventRow({ session: `session-${session}`, occurredAt, data }) };
    });
  }).flat();
  return events.sort((a, b) => a.arrived - b.arrived).map(({ row }) => row);
}

async function scrubbed(database: Database): Promise<void> {
  expect(await scrubDatabase(database, { left: 1_000 }, MORNING)).toBe(true);
}

async function stored(database: Database, sessions: number, isShuffled: boolean) {
  const events = eventsOf(sessions, isShuffled);
  for (let n = 0; n < events.length; n += 300) await store([database], { events: events.slice(n, n + 300) });
}

/** Erases sessions of 20 events. @returns what must not be left of them */
async function eraseSessions(database: Database, sessions: readonly number[]): Promise<Set<string>> {
  for (const session of sessions) {
    const { events } = await eraseSessionEvents(
      [database],
      { session: `session-${session}`, before: ALWAYS },
      { left: 9 },
    );
    expect(events).toBe(20);
  }
  return new Set(sessions.flatMap((session) => Array.from({ length: 20 }, (_, n) => markOf(session, n))));
}

describe.each([
  ["the order of time", false],
  ["any order", true],
])("of events that arrived in %s", (_, isShuffled) => {
  it("erased ones leave copies, and none once the table is written again", { timeout: 120_000 }, async () => {
    const { database, copiesOf } = databaseInFile();
    await stored(database, 1_000, isShuffled);
    const marks = await eraseSessions(
      database,
      Array.from({ length: 50 }, (_, n) => 3 + n * 7),
    );
    expect(copiesOf(marks)).toBeGreaterThan(20);
    await scrubbed(database);
    expect(copiesOf(marks)).toBe(0);
    // What was written again leaves no copies elsewhere, either.
    const later = await eraseSessions(database, [4, 5, 6]);
    await scrubbed(database);
    expect(copiesOf(later)).toBe(0);
  });

  it("erased ones leave copies, and none once their neighbours are written again", { timeout: 120_000 }, async () => {
    const { database, sqlite, copiesOf } = databaseInFile();
    // So many that the table is not written again as a whole.
    await stored(database, 2_700, isShuffled);
    copiesOf(new Set());
    const left = { erased: 0, scrubbed: 0 };
    // Each session from a table in which nothing was written again yet.
    for (let round = 0; round < 20; round++) {
      const file = join(folder, `round-${round}.sqlite`);
      copyFileSync(join(folder, "db.sqlite"), file);
      const copy = new DatabaseSync(file);
      const own = databaseIn(copy);
      const marks = await eraseSessions(own, [11 + round * 120]);
      left.erased += copiesIn(copy, marks);
      await scrubbed(own);
      left.scrubbed += copiesIn(copy, marks);
      copy.close();
    }
    sqlite.close();
    expect(left.erased).toBeGreaterThan(20);
    expect(left.scrubbed).toBe(0);
  });
});

/** Or an event would have copies further away than its own erasure writes pages again. */
it("no row gets many more copies when its neighbours are written again", { timeout: 120_000 }, async () => {
  const { database, sqlite } = databaseInFile();
  await stored(database, 2_700, true);
  const before = mostCopies(sqlite);
  await eraseSessions(database, [7]);
  await scrubbed(database);
  expect(mostCopies(sqlite)).toBeLessThan(2 * before);
});

it("sessions that are erased after their partition was dropped leave nothing in its pages", {
  timeout: 60_000,
}, async () => {
  const { database, copiesOf } = databaseInFile();
  await stored(database, 1_000, true);
  const [partition] = (await partitionsOf([database]).latest()).partitions;
  if (partition === undefined) throw new Error("there is no partition");
  await dropPartition([database], partition);
  // Takes some of the free pages.
  await store([database], { events: [eventRow({ session: "later", occurredAt: MORNING + 40 * DAY })] });
  const marks = new Set(Array.from({ length: 1_000 }, (_, n) => markOf(n, 0)));
  expect(copiesOf(marks)).toBeGreaterThan(900);
  let calls = 1;
  while (!(await scrubDatabase(database, { left: 1 }, MORNING))) calls += 1;
  expect(copiesOf(marks)).toBe(0);
  expect(calls).toBeLessThan(6);
  // Nothing was freed since.
  expect(await scrubDatabase(database, { left: 0 }, MORNING)).toBe(true);
});

it("sessions that are erased after their late events moved to the archive leave nothing in the lane's pages", async () => {
  const { database, copiesOf } = databaseInFile();
  await stored(database, 20, true);
  const [open] = (await partitionsOf([database]).latest()).partitions;
  if (open === undefined) throw new Error("there is no partition");
  await sealPartition([database], open);
  const late = eventsOf(200, true).filter(({ session }) => Number(session.slice("session-".length)) >= 20);
  for (let n = 0; n < late.length; n += 300) await store([database], { events: late.slice(n, n + 300) });
  const rows = await readTableRows(database, lateSuffix(open), null);
  expect(rows).toHaveLength(late.length);
  const places = rows.map(({ place }) => place);
  await database.binding.batch(await removalOfLateRows(database, open, places));
  expect(await readTableRows(database, lateSuffix(open), null)).toEqual([]);
  const marks = new Set(late.map(({ data }) => /mark-\d+-\d+-/.exec(data)?.[0] ?? ""));
  expect(copiesOf(marks)).toBeGreaterThan(3_000);
  await scrubbed(database);
  expect(copiesOf(marks)).toBe(0);
});

describe.each([200, 3_000])("of %d errors", (count) => {
  it("erased ones leave no copies once the pages are scrubbed", { timeout: 120_000 }, async () => {
    const { database, copiesOf } = databaseInFile();
    const errors = Array.from({ length: count }, (_, n) => {
      const isInParts = n % 10 === 0;
      const content = JSON.stringify({ mark: markOf(n, 0), text: "x".repeat(random.below(400)) });
      return {
        row: errorRow({
          ...{
            id: `${(random.next() * 2 ** 32).toString(16)}-${n}`,
            receivedAt: MORNING + random.below(HOUR),
            session: `session-${n}`,
          },
          ...(isInParts ? { content: null, parts: 1 } : { content }),
        }),
        content,
        isInParts,
      };
    });
    for (let n = 0; n < errors.length; n += 100) {
      const some = errors.slice(n, n + 100);
      await store([database], {
        errors: some.map(({ row }) => row),
        parts: some.flatMap(({ row: { id, session }, content, isInParts }) =>
          isInParts ? [{ errorId: id, part: 0, content, session }] : [],
        ),
      });
    }
    const erased = errors.filter((_, n) => n % 10 < 2);
    const marks = new Set(Array.from({ length: count }, (_, n) => markOf(n, 0)).filter((_, n) => n % 10 < 2));
    const ids = erased.map(({ row }) => row.id);
    for (let n = 0; n < ids.length; n += 100) await eraseErrorsById([database], ids.slice(n, n + 100));
    expect(copiesOf(marks)).toBeGreaterThan(1);
    await scrubbed(database);
    expect(copiesOf(marks)).toBe(0);
  });
});
