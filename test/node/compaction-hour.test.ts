import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { compactStep } from "../../src/compaction/compact-step";
import type { CompactionIo } from "../../src/compaction/compaction-io";
import { FILE_LIMITS } from "../../src/storage/archive/limits";
import type { Database } from "../../src/storage/core/databases";
import { createTables } from "../../src/storage/partitions/partition-tables";
import { sizesOnly, sqliteDatabase } from "./sqlite-database";

/** Of an isolate's 128 MB. */
const MAX_BYTES = 100_000_000;
const MAX_CPU_MS = 10_000;

const EVENTS = 360_000;
const HOUR_START = 1_609_491_600;

setFlagsFromString("--expose-gc");
const collectGarbage: unknown = runInNewContext("gc");

function heldBytes(): number {
  if (typeof collectGarbage === "function") collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function cpuMsSince(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** The database, with a look at the memory at every twentieth page of events. */
function lookedAt({ index, binding }: Database, look: () => void): Database {
  let pages = 0;
  const prepare = (sql: string) => {
    if (sql.includes("FROM events_1s") && pages++ % 20 === 19) look();
    return binding.prepare(sql);
  };
  return { index, binding: { ...binding, prepare } as Database["binding"] };
}

/** A partition with an hour of events, 100 a second, in sessions of ten, half of them with a visitor. */
function filledDatabase() {
  const { database, sqlite } = sqliteDatabase();
  const from = HOUR_START * 1_000_000;
  sqlite.exec(`
    INSERT INTO partitions (partition_id, from_us, to_us, databases, slot_us, state, late, ready, common, created_at)
    VALUES (1, ${from}, ${from + 3_600_000_000}, '[0]', 4000000, 'open', 0, 1, '{}', ${from});
    INSERT INTO categories (category_id, category) VALUES (7, 'page interaction');
    INSERT INTO series (series_id, category_id, name, application, first_day) VALUES (9, 7, 'pageview', 'shop', 0);`);
  return { database, sqlite, from };
}

it("an hour of 360,000 events is compacted in 10 s of CPU and 100 MB", { timeout: 180_000 }, async () => {
  const { database, sqlite, from } = filledDatabase();
  await createTables(database, "1");
  sqlite.exec(`
    WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < ${EVENTS - 1}),
    made AS (
      SELECT n, ${from} + n * 10000 + abs(random()) % 10000 AS occurred_at,
        unhex(printf('%08x%024x', (n / 1000 * 100 + n % 100) * 2654435761 % 4294967296, n / 1000 * 100 + n % 100)) AS session
      FROM n
    )
    INSERT INTO events_1 (slot, sample_key, session_id, occurred_at, tie, received_after, series_id, rare, id, data, context, extra,
      visitor_id, type)
    SELECT occurred_at / 4000000, (n / 1000 * 100 + n % 100) * 40503 % 32768, session, occurred_at, n, 250000, 9, NULL,
      randomblob(16), '{"url":"https://www.example.com/category/' || n % 997 || '","element":"' || hex(randomblob(8)) || '"}',
      '{"page":{"path":"/category/' || n % 997 || '"}}', NULL, iif(n % 2, session, NULL), NULL
    FROM made;
    INSERT INTO minutes_1 (page, minute, events, by_series) VALUES (0, ${HOUR_START}, ${EVENTS}, '{"9":${EVENTS}}');`);

  let most = 0;
  let looking = 0;
  const before = heldBytes();
  const look = () => {
    const begun = cpuMsSince();
    most = Math.max(most, heldBytes() - before);
    looking += cpuMsSince() - begun;
  };
  const { bucket, sizes } = sizesOnly();
  const put: typeof bucket.put = (...values: Parameters<typeof bucket.put>) => {
    // The file is whole, and nothing of it is let go yet.
    look();
    return bucket.put(...values);
  };
  const world: CompactionIo = {
    databases: [lookedAt(database, look)],
    archive: { ...bucket, put } as typeof bucket,
    settings: {
      ...{ hotMicros: 0, hotBytes: Number.MAX_SAFE_INTEGER, graceMicros: 0, lateMicros: 0, fileLimits: FILE_LIMITS },
      errors: { hotMicros: Number.MAX_SAFE_INTEGER, everyMicros: 1 },
      retention: { eventsMicros: null, errorsMicros: null, applications: [], checkMicros: 0 },
    },
    log: () => {},
  };
  const begun = cpuMsSince();
  looking = 0;
  let rows = 0;
  const did = new Set<string>();
  for (let step = 0; step < 20 && !did.has("dropped"); step++) {
    const result = await compactStep(world, from + 7_200_000_000);
    did.add(result.did);
    if (result.did !== "waiting") rows += result.rows;
  }
  const cpuMs = cpuMsSince() - begun - looking;
  const bytes = [...sizes.values()].reduce((sum, one) => sum + one, 0);
  console.log(
    `${Math.round(cpuMs)} ms of CPU, ${Math.round(most / 1e6)} MB, ${Math.round(bytes / rows)} bytes an event`,
  );
  expect(rows).toBe(EVENTS);
  expect(cpuMs).toBeLessThan(MAX_CPU_MS);
  expect(most).toBeLessThan(MAX_BYTES);
});
