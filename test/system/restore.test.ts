import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { eventually } from "./service.ts";
import { serviceForTests } from "./service-for-tests.ts";

const copies = mkdtempSync(join(tmpdir(), "the-eye-backup-"));
const service = serviceForTests([], false);

afterAll(() => rmSync(copies, { recursive: true }));

function ask(path: string, init: RequestInit & { key?: string } = {}): Promise<Response> {
  const { key = "eye_a_local", ...rest } = init;
  return fetch(`${service.url}${path}`, { ...rest, headers: { Authorization: `Bearer ${key}` } });
}

async function countOf(session: string): Promise<number> {
  const response = await ask(`/theeye/events?session_id=${session}&limit=1000`);
  expect(response.status).toBe(200);
  return ((await response.json()) as { results: unknown[] }).results.length;
}

interface Erasure {
  kind: string;
  status: string;
}

async function erasures(): Promise<Erasure[]> {
  return ((await (await ask("/theeye/erasures")).json()) as { results: Erasure[] }).results;
}

async function runCron(): Promise<void> {
  await ask("/cdn-cgi/local/scheduled?cron=*+*+*+*+*");
}

/** The folder of the databases within the local state. */
function databaseFolder(): string {
  const found = readdirSync(service.folder, { recursive: true, encoding: "utf8" }).find((name) => /d1$/.test(name));
  if (found === undefined) throw new Error("the state has no databases");
  return join(service.folder, found);
}

/** The local form of Time Travel: the database's files are copied while the service is stopped, and put back. */
test("what was erased after a backup does not come back with it", { timeout: 600_000 }, async () => {
  await service.start();
  const sent = ["erased", "other"].flatMap((session) =>
    [0, 1, 2].map((n) => ({
      ...{ session_id: session, category: "page interaction", name: "pageview", id: `${session}-${n}` },
      ...{ timestamp: `2021-01-01T09:15:0${n}Z`, data: { n } },
    })),
  );
  const body = JSON.stringify(sent);
  expect((await ask("/theeye/events", { method: "POST", key: "eye_w_local", body })).status).toBe(202);
  await eventually(async () => ((await countOf("erased")) + (await countOf("other")) === 6 ? true : null), 60_000);
  await runCron();
  await service.stop();
  const state = databaseFolder();
  cpSync(state, join(copies, "d1"), { recursive: true });

  await service.start();
  expect((await ask("/theeye/sessions/erased", { method: "DELETE" })).status).toBe(202);
  await eventually(async () => ((await erasures()).every(({ status }) => status === "done") ? true : null), 200_000);
  expect(await countOf("erased")).toBe(0);
  await service.stop();
  rmSync(state, { recursive: true });
  cpSync(join(copies, "d1"), state, { recursive: true });

  await service.start();
  expect(await countOf("erased")).toBe(3);
  await runCron();
  await eventually(async () => ((await countOf("erased")) === 0 ? true : null), 60_000);
  expect(await countOf("other")).toBe(3);
  await eventually(async () => {
    const found = await erasures();
    const isDone = found.some(({ kind }) => kind === "restore") && found.every(({ status }) => status === "done");
    return isDone ? true : null;
  }, 200_000);
  expect((await erasures()).map(({ kind }) => kind).sort()).toEqual(["restore", "session"]);
});
