import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { applyRetention } from "../../../src/compaction/retention/apply-retention";
import { readStorageState } from "../../../src/storage/admin/storage-state";
import { findInIndex } from "../../../src/storage/archive/index-store";
import { firstDatabase } from "../../../src/storage/core/databases";
import { archivedError, archiveErrors } from "../../storage/archive/archived-files";
import { DAY, errorRow, eventRow, HOUR, MINUTE, MORNING, store } from "../../storage/seed";
import { compactAll, databases, emptyEverything, ioWith, MOVING_ERRORS, readArchive } from "../harness";

beforeEach(emptyEverything);

const NOW = MORNING + 2 * DAY;

/** Of two applications, an event and an error every 10 minutes over four hours. */
const EVENTS = Array.from({ length: 24 }, (_, n) =>
  eventRow({
    id: `event-${n}`,
    session: `session-${n}`,
    application: n % 3 === 0 ? "blog" : "shop",
    occurredAt: MORNING + n * 10 * MINUTE,
  }),
);
const ERRORS = Array.from({ length: 24 }, (_, n) =>
  errorRow({
    id: `err_${String(n).padStart(2, "0")}`,
    session: `session-${n}`,
    application: n % 3 === 0 ? "blog" : "shop",
    receivedAt: MORNING + n * 10 * MINUTE,
  }),
);

type Retention = (typeof MOVING_ERRORS)["retention"];

function ioKeeping(retention: Partial<Retention>, archive: R2Bucket | null = env.ARCHIVE) {
  return ioWith({
    archive,
    settings: { ...MOVING_ERRORS, retention: { ...MOVING_ERRORS.retention, ...retention } },
  });
}

/** What keeps all that is not older than the start of the third hour. */
const TWO_HOURS = NOW - (MORNING + 2 * HOUR);

async function errorIds(): Promise<string[]> {
  const found = await Promise.all(
    databases.map(({ binding }) => binding.prepare("SELECT id FROM errors").all<{ id: string }>()),
  );
  return found.flatMap(({ results }) => results.map(({ id }) => id)).sort();
}

async function eventIds(): Promise<string[]> {
  return (await readArchive()).map(({ id }) => id).sort();
}

const deletions = async () => (await readStorageState(databases, NOW)).deletions;

/** Every object is in the manifest, and every file of the manifest is there. */
async function expectNoStrays(): Promise<void> {
  const { results } = await firstDatabase(databases)
    .binding.prepare("SELECT object_key AS key FROM archive_files ORDER BY 1")
    .all<{ key: string }>();
  const { objects } = await env.ARCHIVE.list();
  expect(objects.map(({ key }) => key).sort()).toEqual(results.map(({ key }) => key));
}

const isOld = ({ at }: { at: number }) => at < MORNING + 2 * HOUR;
const old = {
  event: (row: (typeof EVENTS)[number]) => isOld({ at: row.occurredAt }),
  error: (row: (typeof ERRORS)[number]) => isOld({ at: row.receivedAt }),
};

describe("a retention of everything", () => {
  it("deletes whole files of the archive, with their index, and says what", async () => {
    await store(databases, { events: EVENTS, errors: ERRORS });
    await compactAll(ioKeeping({}));
    expect(await applyRetention(ioKeeping({ eventsMicros: TWO_HOURS, errorsMicros: TWO_HOURS }), NOW)).toBe(false);
    expect(await eventIds()).toEqual(
      EVENTS.filter((row) => !old.event(row))
        .map(({ id }) => id)
        .sort(),
    );
    await expectNoStrays();
    const done = await deletions();
    expect(done.map(({ kind, rows }) => [kind, rows])).toEqual([
      ["errors", 12],
      ["events", 12],
    ]);
    expect(JSON.parse(done[0]?.what ?? "")).toMatchObject({ from_hour: new Date(MORNING / 1_000).toISOString() });
    expect(done[0]?.bytes).toBeGreaterThan(0);
    const hours = { first: 0, last: Number.MAX_SAFE_INTEGER };
    const indexed = await Promise.all(databases.map((database) => findInIndex(database, ["session-0"], hours)));
    expect(indexed.flat()).toEqual([]);
    // Once more there is nothing to delete, and nothing to say.
    await applyRetention(ioKeeping({ eventsMicros: TWO_HOURS, errorsMicros: TWO_HOURS }), NOW);
    expect((await deletions()).length).toBe(2);
  });

  it("drops partitions and deletes errors in the databases, with and without an archive", async () => {
    for (const archive of [null, env.ARCHIVE]) {
      await emptyEverything();
      await store(databases, { events: EVENTS, errors: ERRORS }, HOUR);
      const io = ioKeeping({ eventsMicros: TWO_HOURS, errorsMicros: TWO_HOURS }, archive);
      await applyRetention(io, NOW);
      expect(await errorIds()).toEqual(ERRORS.filter((row) => !old.error(row)).map(({ id }) => id));
      const { partitions } = await readStorageState(databases, NOW);
      expect(partitions.map(({ partition: { state }, hotEvents }) => [state, hotEvents])).toEqual([
        ["dropped", 0],
        ["dropped", 0],
        ["open", 6],
        ["open", 6],
      ]);
      expect((await deletions()).map(({ kind, rows }) => [kind, rows])).toEqual([
        ["errors", 12],
        ["events", 12],
      ]);
    }
  });

  it("deletes what came late to a partition that it had dropped", async () => {
    await store(databases, { events: EVENTS }, HOUR);
    const io = ioKeeping({ eventsMicros: TWO_HOURS }, null);
    await applyRetention(io, NOW);
    await store(databases, { events: [eventRow({ id: "late", session: "late", occurredAt: MORNING + MINUTE })] }, HOUR);
    await applyRetention(io, NOW);
    const [latest] = await deletions();
    expect(latest).toMatchObject({ kind: "events", rows: 1 });
    expect(JSON.parse(latest?.what ?? "")).toHaveProperty("late_events_of_partitions");
  });
});

describe("a retention of one application", () => {
  const SHORTER = {
    applications: [{ application: "blog", eventsMicros: TWO_HOURS, errorsMicros: TWO_HOURS }],
  };

  it("takes its rows alone from the files of the archive", async () => {
    await store(databases, { events: EVENTS, errors: ERRORS });
    await compactAll(ioKeeping({}));
    expect(await applyRetention(ioKeeping(SHORTER), NOW)).toBe(false);
    const isKept = (row: (typeof EVENTS)[number]) => !(old.event(row) && row.application === "blog");
    expect(await eventIds()).toEqual(
      EVENTS.filter(isKept)
        .map(({ id }) => id)
        .sort(),
    );
    await expectNoStrays();
    const done = await deletions();
    expect(done.map(({ kind, rows }) => [kind, rows])).toEqual([
      ["errors", 4],
      ["events", 4],
    ]);
    expect(JSON.parse(done[1]?.what ?? "")).toMatchObject({ application: "blog" });
    await applyRetention(ioKeeping(SHORTER), NOW);
    expect((await deletions()).length).toBe(2);
  });

  it("deletes its errors in the databases", async () => {
    await store(databases, { errors: ERRORS });
    await applyRetention(ioKeeping(SHORTER), NOW);
    const isKept = (row: (typeof ERRORS)[number]) => !(old.error(row) && row.application === "blog");
    expect(await errorIds()).toEqual(ERRORS.filter(isKept).map(({ id }) => id));
  });

  it("looks at a file that does not say whose rows it holds once", async () => {
    await store(databases, { events: EVENTS.filter(({ application }) => application === "shop") });
    await compactAll(ioKeeping({}));
    const { binding } = firstDatabase(databases);
    await binding.prepare("UPDATE archive_files SET applications = NULL").run();
    await applyRetention(ioKeeping(SHORTER), NOW);
    const { results } = await binding
      .prepare("SELECT DISTINCT applications FROM archive_files WHERE hour < ?1")
      .bind((MORNING + 2 * HOUR) / 1_000_000)
      .all();
    expect(results).toEqual([{ applications: '["shop"]' }]);
    expect(await deletions()).toEqual([]);
  });
});

it("looks at a rule again after a while that had nothing to delete", async () => {
  await store(databases, { errors: ERRORS });
  const retention = { errorsMicros: 10 * DAY, checkMicros: HOUR };
  await applyRetention(ioKeeping(retention), NOW);
  const shorter = ioKeeping({ ...retention, errorsMicros: HOUR });
  await applyRetention(shorter, NOW + 59 * MINUTE);
  expect((await errorIds()).length).toBe(ERRORS.length);
  await applyRetention(shorter, NOW + HOUR);
  expect(await errorIds()).toEqual([]);
});

it("returns true while there is more to delete, and does not note the rule as checked until then", async () => {
  const errors = Array.from({ length: 101 }, (_, n) => archivedError({ receivedAt: MORNING + n }));
  for (const error of errors) await archiveErrors([error]);
  const io = ioKeeping({ errorsMicros: DAY, checkMicros: HOUR });
  expect(await applyRetention(io, NOW)).toBe(true);
  expect(await applyRetention(io, NOW)).toBe(false);
  expect((await deletions()).map(({ rows }) => rows).toSorted()).toEqual([1, 100]);
  expect((await env.ARCHIVE.list()).objects).toEqual([]);
});

it("deletes objects that a crash left in the archive, also without a rule", async () => {
  await archiveErrors([archivedError()]);
  await firstDatabase(databases).binding.prepare("DELETE FROM archive_files").run();
  await applyRetention(ioKeeping({}), MORNING + 19 * MINUTE);
  expect((await env.ARCHIVE.list()).objects).toHaveLength(1);
  await applyRetention(ioKeeping({}), MORNING + 20 * MINUTE);
  expect((await env.ARCHIVE.list()).objects).toEqual([]);
});

it("leaves alone what is not older", async () => {
  await store(databases, { events: EVENTS, errors: ERRORS });
  await compactAll(ioKeeping({}));
  await applyRetention(ioKeeping({ eventsMicros: 3 * DAY, errorsMicros: 3 * DAY }), NOW);
  expect((await eventIds()).length).toBe(EVENTS.length);
  expect(await deletions()).toEqual([]);
});
