import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { seeded } from "../simulation/world/random.ts";
import { eventually } from "./service.ts";
import { serviceForTests } from "./service-for-tests.ts";

const ERASED = "5a5a5a5a-1111-4222-8333-444444444444";
const MARK = "secret-of-the-erased";
/** Each test starts it, and stops it before it searches the files. */
const service = serviceForTests([], false);

function ask(path: string, init: RequestInit & { key?: string } = {}): Promise<Response> {
  const { key = "eye_a_local", ...rest } = init;
  return fetch(`${service.url}${path}`, { ...rest, headers: { Authorization: `Bearer ${key}` } });
}

async function send(events: unknown[]): Promise<void> {
  const response = await ask("/theeye/events", { method: "POST", key: "eye_w_local", body: JSON.stringify(events) });
  expect(response.status).toBe(202);
}

function eventOf(session: string, n: number, data: unknown) {
  const timestamp = `2021-01-01T09:15:0${n}Z`;
  return {
    session_id: session,
    category: "page interaction",
    name: "pageview",
    id: `${session}-${n}`,
    timestamp,
    data,
  };
}

async function countOf(session: string): Promise<number> {
  const response = await ask(`/theeye/events?session_id=${session}&limit=1000`);
  return ((await response.json()) as { results: unknown[] }).results.length;
}

/** How often a text occurs in the files of the local state, once the write-ahead logs are empty. */
function occurrences(text: string): number {
  const files = readdirSync(service.folder, { recursive: true, encoding: "utf8" }).map((name) =>
    join(service.folder, name),
  );
  for (const file of files.filter((name) => name.endsWith(".sqlite"))) {
    const database = new DatabaseSync(file, { timeout: 20_000 });
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
  }
  return files
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true)
    .reduce((sum, file) => {
      return sum + readFileSync(file, "latin1").split(text).length - 1;
    }, 0);
}

async function erase(path: string): Promise<void> {
  const begun = await ask(path, { method: "DELETE" });
  expect(begun.status).toBe(202);
  await eventually(async () => {
    const erasure = (await (await ask(new URL(begun.headers.get("Location") ?? "", begun.url).pathname)).json()) as {
      status: string;
    };
    return erasure.status === "done" ? true : null;
  }, 200_000);
}

test("no byte of an erased session's payloads is left in any file of the local state", {
  timeout: 300_000,
}, async () => {
  await service.start();
  const own = [0, 1, 2].map((n) => eventOf(ERASED, n, { mark: MARK, n }));
  const large = eventOf(ERASED, 3, { mark: MARK, text: `${MARK} `.repeat(800) });
  const failing = { ...eventOf(ERASED, 4, MARK), context: { mark: MARK } };
  await send([...own, large, failing]);
  await send([0, 1, 2].map((n) => eventOf("other", n, { n })));
  await eventually(async () => ((await countOf(ERASED)) === 4 && (await countOf("other")) === 3 ? true : null), 60_000);
  await eventually(async () => {
    const { results } = (await (await ask(`/theeye/errors?session_id=${ERASED}`)).json()) as { results: unknown[] };
    return results.length === 1 ? true : null;
  }, 60_000);

  await erase(`/theeye/sessions/${ERASED}`);
  expect(await countOf(ERASED)).toBe(0);
  expect(await countOf("other")).toBe(3);
  // Events that are received later are stored as usual.
  await send([eventOf(ERASED, 5, { later: true })]);
  await eventually(async () => ((await countOf(ERASED)) === 1 ? true : null), 60_000);

  await service.stop();
  expect(occurrences(MARK)).toBe(0);
});

/** Pages are split at every request, and each split leaves copies of events in the pages that they move away from. */
test("no byte of an erased visitor's payloads is left among those of many others", { timeout: 400_000 }, async () => {
  await service.start();
  const random = seeded(3);
  const secret = "secret-of-the-visitor";
  const sessions = Array.from({ length: 300 }, (_, n) => ({ id: crypto.randomUUID(), isErased: n % 50 === 7 }));
  const events = sessions.flatMap(({ id, isErased }, session) =>
    Array.from({ length: 25 }, (_, n) => {
      const data = { mark: isErased ? secret : `public-${session}`, text: "x".repeat(random.below(80)) };
      return {
        ...eventOf(id, n, n === 24 ? [data] : data),
        timestamp: new Date(Date.UTC(2021, 0, 1, 10) + random.below(3_600_000)).toISOString(),
        visitor_id: isErased ? "visitor-to-erase" : `visitor-${session}`,
      };
    }),
  );
  random.shuffle(events);
  const batches = Array.from({ length: events.length / 500 }, (_, n) => events.slice(n * 500, (n + 1) * 500));
  for (const batch of batches) await send(batch);
  const stored = async () => {
    const answer = await ask("/theeye/stats?start_date=2021-01-01T10:00:00Z&end_date=2021-01-01T11:00:00Z");
    return ((await answer.json()) as { results: { total: number }[] }).results.reduce(
      (sum, { total }) => sum + total,
      0,
    );
  };
  const [one] = sessions.filter(({ isErased }) => isErased);
  await eventually(async () => ((await stored()) === sessions.length * 24 ? true : null), 100_000);
  expect(await countOf(one?.id ?? "")).toBe(24);
  await erase("/theeye/visitors/visitor-to-erase");
  expect(await countOf(one?.id ?? "")).toBe(0);
  await service.stop();
  expect(occurrences("public-8")).toBeGreaterThan(24);
  expect(occurrences(secret)).toBe(0);
});
