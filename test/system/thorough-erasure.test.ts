import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { eventually } from "./service.ts";
import { serviceForTests } from "./service-for-tests.ts";

const MARK = "secret-of-the-erased";
/** Partitions stay in the databases for 30 days, but for thorough erasures. */
const service = serviceForTests(["--var", "GRACE_SECONDS:0"]);

async function ask<Body>(path: string, method = "GET", body?: unknown): Promise<Body> {
  const key = body === undefined ? "eye_a_local" : "eye_w_local";
  const response = await fetch(`${service.url}${path}`, {
    ...{ method, headers: { Authorization: `Bearer ${key}` } },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(response.ok, `${method} ${path}: ${response.status}`).toBe(true);
  return (await response.json()) as Body;
}

interface ShownErasure {
  id: string;
  status: string;
  events: number;
  waiting: { for: string; detail: string } | null;
  copies: { partitions: number[]; until: string | null } | null;
}

function eventsOf(session: string, data: unknown) {
  return [0, 1, 2].map((n) => ({
    ...{ session_id: session, id: `${session}-${n}`, category: "page interaction", name: "pageview" },
    ...{ timestamp: `2021-01-01T09:15:0${n}Z`, data },
  }));
}

async function countOf(session: string): Promise<number> {
  return (await ask<{ results: unknown[] }>(`/theeye/events?session_id=${session}`)).results.length;
}

function sqliteFiles(): string[] {
  return readdirSync(service.folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(service.folder, name))
    .filter((file) => file.endsWith(".sqlite") && statSync(file).isFile());
}

/** How often a text occurs in the databases' files, once the write-ahead logs are empty. */
function occurrences(text: string): number {
  return sqliteFiles().reduce((sum, file) => {
    const database = new DatabaseSync(file, { timeout: 20_000 });
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
    return sum + readFileSync(file, "latin1").split(text).length - 1;
  }, 0);
}

/**
 * Makes the table of the erased session larger than what is written again whole. A row of it is deleted as SQLite does, which
 * leaves its bytes: a copy that no scrub finds.
 */
function grow(): void {
  for (const file of sqliteFiles()) {
    const database = new DatabaseSync(file, { timeout: 20_000 });
    const tables = database
      .prepare("SELECT name FROM sqlite_master WHERE name GLOB 'events_[0-9]*' AND type = 'table'")
      .all();
    for (const table of tables) {
      const name = String(table.name);
      // The present partition is empty.
      if (database.prepare(`SELECT 1 FROM ${name}`).get() === undefined) continue;
      const columns = database
        .prepare(`PRAGMA table_info(${name})`)
        .all()
        .map((column) => String(column.name));
      const values: Record<string, string> = {
        slot: "slot + 10 + n % 700",
        session_id: "'filled-' || n",
        occurred_at: "occurred_at + (10 + n % 700) * 4000000",
        tie: "n",
        id: "'filled-' || n",
        data: "?1",
      };
      const fill = database.prepare(
        `WITH RECURSIVE c (n) AS (SELECT CAST(?2 AS INTEGER) UNION ALL SELECT n + 1 FROM c WHERE n < ?3)
         INSERT INTO ${name} SELECT ${columns.map((column) => values[column] ?? column).join(", ")} FROM c, (SELECT * FROM ${name} LIMIT 1)`,
      );
      fill.run('{"filled":true}', 0, 50_100);
      fill.run(`{"copy":"${MARK}"}`, 60_000, 60_000);
      database.exec(`DELETE FROM ${name} WHERE session_id = 'filled-60000'`);
      database.exec(`UPDATE ${name.replace("events", "minutes")} SET events = events + 50101`);
    }
    database.close();
  }
}

async function erase(path: string): Promise<ShownErasure> {
  return ask<ShownErasure>(path, "DELETE");
}

test("a thorough erasure of a session that was erased before leaves no copy, and takes its partition to the archive", {
  timeout: 500_000,
}, async () => {
  await ask("/theeye/events", "POST", eventsOf("erased", { mark: MARK }));
  await eventually(async () => ((await countOf("erased")) === 3 ? true : null), 60_000);
  await service.stop();
  grow();
  await service.start();
  const shown = (id: string) => ask<ShownErasure>(`/theeye/erasures/${id}`);
  const until = (id: string, is: (erasure: ShownErasure) => boolean) =>
    eventually(async () => {
      const erasure = await shown(id);
      return is(erasure) ? erasure : null;
    }, 200_000);

  const plain = await until((await erase("/theeye/sessions/erased")).id, ({ status }) => status === "done");
  expect(plain).toMatchObject({ events: 3, copies: { partitions: [expect.any(Number)] } });
  expect(plain.copies?.until).toMatch(/^20/);
  expect(occurrences(MARK)).toBe(1);

  const { id } = await erase("/theeye/sessions/erased?thorough=1");
  const waiting = await until(id, (erasure) => erasure.waiting !== null);
  expect(waiting).toMatchObject({ status: "running", events: 0, waiting: { for: "partitions" } });
  await eventually(
    async () => ((await ask<{ is_done: boolean }>("/theeye/storage/compact", "POST")).is_done ? true : null),
    200_000,
  );
  const done = await eventually(async () => {
    await fetch(`${service.url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`);
    const erasure = await shown(id);
    return erasure.status === "done" ? erasure : null;
  }, 100_000);
  expect(done).toMatchObject({ waiting: null, copies: null });
  expect((await shown(plain.id)).copies).toBeNull();
  const { partitions } = await ask<{ partitions: { state: string; archived_events: number }[] }>("/theeye/storage");
  expect(partitions).toContainEqual(expect.objectContaining({ state: "dropped", archived_events: 50_101 }));
  await service.stop();
  expect(occurrences(MARK)).toBe(0);
});
