import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { LOCAL_KEYS } from "../../scripts/start/local-keys.ts";
import { eventually } from "./service.ts";
import { serviceForTests } from "./service-for-tests.ts";

/** Three days of traffic that move to the archive while they are read and added to, in two partitions: old events have one a year. */

const DAYS = ["2021-12-30", "2021-12-31", "2022-01-01"] as const;
const EVENTS_PER_DAY = 600;
const service = serviceForTests(["--var", "HOT_SECONDS:1", "--var", "GRACE_SECONDS:0"]);

interface Sent {
  id: string;
  session_id: string;
  timestamp: string;
}

/** One event every 144 seconds, in sessions that come back each day. */
function eventsOf(day: string, kind: string, count: number) {
  return Array.from({ length: count }, (_, n) => ({
    ...{ id: `${day} ${kind} ${n}`, session_id: `session-${n % 50}`, category: "page interaction" },
    ...{ name: n % 4 === 0 ? "cta click" : "pageview", data: { n, text: "naïve 🙂" } },
    timestamp: new Date(Date.parse(`${day}T00:00:00Z`) + n * 144_000 + kind.length).toISOString(),
  }));
}

async function ask<Body>(path: string, init: RequestInit & { key?: string } = {}): Promise<Body> {
  const { key = LOCAL_KEYS.admin, ...rest } = init;
  const response = await fetch(`${service.url}${path}`, { ...rest, headers: { Authorization: `Bearer ${key}` } });
  expect(response.ok, `${path}: ${response.status}`).toBe(true);
  return (await response.json()) as Body;
}

async function send(events: readonly Sent[]): Promise<void> {
  for (let n = 0; n < events.length; n += 300) {
    const body = JSON.stringify(events.slice(n, n + 300));
    await ask("/theeye/events", { method: "POST", key: LOCAL_KEYS.write, body });
  }
}

/** Everything that matches, page by page. */
async function readAll(query: string): Promise<{ ids: string[]; fromArchive: boolean }> {
  const ids: string[] = [];
  let fromArchive = false;
  for (let next: string | null = `?${query}`; next !== null; ) {
    const page: { results: { id: string }[]; next: string | null; from_archive?: true } = await ask(
      `/theeye/events${next}`,
    );
    ids.push(...page.results.map(({ id }) => id));
    fromArchive ||= page.from_archive === true;
    next = page.next;
  }
  return { ids, fromArchive };
}

async function countsByDay(): Promise<Record<string, number>> {
  const { results } = await ask<{ results: { values: number[] }[] } & { start: string }>(
    `/theeye/stats?interval=day&start_date=${DAYS[0]}&end_date=${DAYS[2]}`,
  );
  const sums = DAYS.map((_, place) => results.reduce((sum, { values }) => sum + (values[place] ?? 0), 0));
  return Object.fromEntries(DAYS.map((day, place) => [day, sums[place] ?? 0]));
}

async function compact(): Promise<{ steps: { did: string }[]; is_done: boolean }> {
  return ask("/theeye/storage/compact", { method: "POST" });
}

function sorted(ids: readonly string[]): string[] {
  return ids.toSorted((a, b) => (a < b ? -1 : 1));
}

function idsOf(events: readonly Sent[]): string[] {
  return sorted(events.map(({ id }) => id));
}

/** Counts by day of the archive's files, as DuckDB reads them from the bucket's local state. */
async function archivedByDay(): Promise<Record<string, number>> {
  const objects = join(service.folder, "objects");
  for (const [key, path] of localObjects()) {
    mkdirSync(dirname(join(objects, key)), { recursive: true });
    symlinkSync(path, join(objects, key));
  }
  const duck = await (await DuckDBInstance.create()).connect();
  const files = `read_parquet('${objects}/events/*/*/*/*.parquet', hive_partitioning = true)`;
  const rows = await duck.runAndReadAll(
    `SELECT day::VARCHAR AS day, count(*)::INT AS events FROM ${files} GROUP BY 1 ORDER BY 1`,
  );
  return Object.fromEntries(rows.getRowObjectsJson().map(({ day, events }) => [String(day), Number(events)]));
}

function localObjects(): Map<string, string> {
  const paths = readdirSync(service.folder, { recursive: true, encoding: "utf8" }).map((name) =>
    join(service.folder, name),
  );
  const blobs = new Map(paths.filter((path) => path.includes("/blobs/")).map((path) => [path.split("/").at(-1), path]));
  const found = new Map<string, string>();
  for (const path of paths.filter((name) => /r2.*\.sqlite$/i.test(name))) {
    const database = new DatabaseSync(path, { timeout: 20_000 });
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE name = '_mf_objects'").all();
    const rows = tables.length === 0 ? [] : database.prepare("SELECT key, blob_id FROM _mf_objects").all();
    for (const { key, blob_id: blob } of rows) {
      const file = blobs.get(String(blob));
      if (file !== undefined) found.set(String(key), file);
    }
    database.close();
  }
  return found;
}

test("three days are read whole before, while and after they move to the archive", { timeout: 180_000 }, async () => {
  const [first, second, third] = DAYS.map((day) => eventsOf(day, "first", EVENTS_PER_DAY));
  if (first === undefined || second === undefined || third === undefined) throw new Error("there are three days");
  const before = [...first, ...second];
  await send(before);
  await eventually(async () => ((await readAll("limit=1000")).ids.length === before.length ? true : null), 60_000);
  expect(sorted((await readAll("limit=1000")).ids)).toEqual(idsOf(before));

  // While the first two days move, the third comes, and late events of the others, and some of them once more.
  const late = [...eventsOf(DAYS[0], "late", 60), ...eventsOf(DAYS[1], "late", 60)];
  const did = new Set<string>();
  const moved = (async () => {
    for (let round = 0; round < 200; round++) {
      const { steps, is_done: isDone } = await compact();
      for (const step of steps) did.add(step.did);
      if (isDone && did.has("dropped")) return;
    }
  })();
  const added = send([...third, ...late, ...first.slice(0, 50)]);
  let isOver = false;
  const over = Promise.all([moved, added]).then(() => {
    isOver = true;
  });
  const known = new Set(idsOf([...before, ...third, ...late]));
  do {
    for (const query of ["limit=500", "limit=1000&order=asc"]) {
      const { ids } = await readAll(query);
      expect(new Set(ids).size, "nothing twice").toBe(ids.length);
      expect(
        before.filter(({ id }) => !ids.includes(id)),
        "nothing missing",
      ).toEqual([]);
      expect(ids.filter((id) => !known.has(id))).toEqual([]);
    }
  } while (!isOver);
  await over;
  expect(did).toContain("dropped");

  const all = [...before, ...third, ...late];
  await eventually(async () => ((await readAll("limit=1000")).ids.length === all.length ? true : null), 60_000);
  // The partition of the third day, and the late lanes.
  await eventually(async () => {
    const { is_done: isDone } = await compact();
    const { partitions } = await ask<{ partitions: { state: string }[] }>("/theeye/storage");
    return isDone && partitions.every(({ state }) => state === "dropped") ? true : null;
  }, 60_000);
  await compact();
  const after = await readAll("limit=1000&order=asc");
  expect(after.fromArchive).toBe(true);
  expect(after.ids).toEqual(all.toSorted((a, b) => (a.timestamp < b.timestamp ? -1 : 1)).map(({ id }) => id));
  const own = all.filter(({ session_id: session }) => session === "session-7");
  expect(sorted((await readAll("session_id=session-7&limit=100")).ids)).toEqual(idsOf(own));

  const expected = { [DAYS[0]]: 660, [DAYS[1]]: 660, [DAYS[2]]: 600 };
  const counted = await countsByDay();
  await service.stop();
  expect(await archivedByDay()).toEqual(expected);
  expect(counted).toEqual(expected);
});
