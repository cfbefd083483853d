import { env } from "cloudflare:workers";
import { type Database, databasesOf, firstDatabase } from "../../../../src/storage/core/databases";
import { eventRow, partitionsOf, recount, SECOND, store } from "../../../storage/seed";

/**
 * More events than an answer reads at once, made by one statement in the database. Every number of them follows from
 * the number of the session, so that tests can compute the right answers without the service.
 */

/** 2021-01-05T00:00:00Z. */
export const DAY = 1_609_804_800_000_000;

export const SESSIONS = 70_000;

export interface MadeEvent {
  occurredAt: number;
  path: string;
  price: number;
}

export interface MadeSession {
  visitor: string;
  events: MadeEvent[];
}

const PATHS = ["/", "/blog/1", "/blog/2", "/buy", "/about"];

/** The session of a number: 1 to 11 events, some seconds apart, within the day. */
export function madeSession(n: number): MadeSession {
  const start = DAY + ((n * 1_237) % 80_000) * SECOND;
  const gap = ((n % 50) + 1) * SECOND;
  return {
    visitor: `v${n % 9_001}`,
    events: Array.from({ length: 1 + (n % 11) }, (_, k) => ({
      occurredAt: start + k * gap,
      path: PATHS[(n + k * (1 + (n % 3))) % PATHS.length] ?? "",
      price: (n + k) % 97,
    })),
  };
}

export function madeSessions(): MadeSession[] {
  return Array.from({ length: SESSIONS }, (_, n) => madeSession(n));
}

/** Writes all of these sessions into the first database. */
export async function makeManyEvents(): Promise<void> {
  const databases = databasesOf(env);
  const home = firstDatabase(databases);
  // Makes the partition and the dimension key. Its hour is far from the made ones.
  await store([...databases], { events: [eventRow({ session: "first", occurredAt: DAY - 3_600 * SECOND })] });
  // The made events are not in the index of rare categories.
  await home.binding.batch([
    home.binding.prepare("UPDATE partitions SET common = json_object('page interaction', 0)"),
    home.binding.prepare("UPDATE revisions SET revision = revision + 1 WHERE name = 'partitions'"),
  ]);
  const partition = (await partitionsOf(databases).latest()).find(DAY);
  const series = await seriesIn(databases);
  if (partition === null || series === null) throw new Error("there is no partition or dimension key for these events");
  await copySeries(home, series.owner, series.id);
  const paths = PATHS.map((path, place) => `WHEN ${place} THEN '${path}'`).join(" ");
  // D1 binds numbers as REAL, which integer columns of these tables refuse after a division.
  for (let from = 0; from < SESSIONS; from += 10_000) {
    await home.binding
      .prepare(
        `WITH RECURSIVE
           sessions (n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM sessions WHERE n + 1 < ${from + 10_000}),
           made AS (
             SELECT s.n AS n, k.n AS k, ${DAY} + (s.n * 1237 % 80000) * 1000000 + k.n * (s.n % 50 + 1) * 1000000 AS at
             FROM sessions AS s CROSS JOIN numbers AS k WHERE k.n < 1 + s.n % 11
           )
         INSERT INTO events_${partition.id} (slot, sample_key, session_id, occurred_at, tie, received_after, series_id, id, data,
           visitor_id)
         SELECT at / ${partition.slotMicros}, n * 7919 % 32768, 's' || n, at, k, 1000, ${series.id}, 'e' || n || '-' || k,
           json_object('path', CASE (n + k * (1 + n % 3)) % ${PATHS.length} ${paths} END, 'price', (n + k) % 97), 'v' || (n % 9001)
         FROM made`,
      )
      .run();
  }
  await recount(home);
}

async function seriesIn(databases: readonly Database[]): Promise<{ owner: Database; id: number } | null> {
  for (const owner of databases) {
    const id = await owner.binding.prepare("SELECT max(series_id) AS id FROM series").first<number>("id");
    if (id !== null) return { owner, id };
  }
  return null;
}

/** The first event may lie in another database than the made ones. */
async function copySeries(home: Database, owner: Database, id: number): Promise<void> {
  if (owner.index === home.index) return;
  for (const table of ["categories", "series"]) {
    const { results } = await owner.binding.prepare(`SELECT * FROM ${table}`).all<Record<string, unknown>>();
    for (const row of results) {
      const columns = Object.keys(row);
      await home.binding
        .prepare(
          `INSERT OR IGNORE INTO ${table} (${columns.join(", ")}) VALUES (${columns.map((_, n) => `?${n + 1}`).join(", ")})`,
        )
        .bind(...Object.values(row))
        .run();
    }
  }
  if ((await home.binding.prepare("SELECT 1 FROM series WHERE series_id = ?1").bind(id).first()) === null) {
    throw new Error("the dimension key was not copied");
  }
}
