import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { eraseSessionEvents } from "../../../src/storage/erasures/erase-session";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../seed";

const databases = databasesOf(env);
const ALWAYS = Number.MAX_SAFE_INTEGER;

beforeEach(() => emptyDatabases(databases));

/** The rows of all partitions' tables of a kind, over all databases. */
async function rowsIn(kind: "events" | "activity" | "visits"): Promise<number> {
  let rows = 0;
  for (const { binding } of databases) {
    const { results } = await binding
      .prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB '${kind}_[0-9]*'`)
      .all<{ name: string }>();
    for (const { name } of results)
      rows += (await binding.prepare(`SELECT count(*) AS n FROM ${name}`).first<number>("n")) ?? 0;
  }
  return rows;
}
const rows = async () => [await rowsIn("events"), await rowsIn("activity"), await rowsIn("visits")];

it("erases the events of a session, with its windows and visits, over partitions", async () => {
  const at = (session: string, minute: number) =>
    eventRow({ session, occurredAt: MORNING + minute * MINUTE, visitor: "vera" });
  await store(databases, { events: [at("a", 0), at("a", 20), at("a", 70), at("b", 0)] }, HOUR);
  expect(await eraseSessionEvents(databases, { session: "a", before: ALWAYS }, { left: 9 })).toEqual({
    ...{ events: 3, isDone: true },
  });
  expect(await rows()).toEqual([1, 1, 1]);
  expect(await eraseSessionEvents(databases, { session: "a", before: ALWAYS }, { left: 0 })).toEqual({
    ...{ events: 0, isDone: true },
  });
});

it("leaves events received later, with their window and visit", async () => {
  const at = (minute: number, receivedAt: number, visitor: string) =>
    eventRow({ session: "a", occurredAt: MORNING + minute * MINUTE, receivedAt, visitor });
  await store(databases, { events: [at(0, 1_000, "vera"), at(1, 2_000, "vera"), at(2, 1_000, "bert")] });
  await eraseSessionEvents(databases, { session: "a", before: 2_000 }, { left: 9 });
  expect(await rows()).toEqual([1, 1, 1]);
});

it("continues in the next call if the budget ends", async () => {
  const events = Array.from({ length: 1_200 }, (_, n) => eventRow({ session: "a", occurredAt: MORNING + n * 1_000 }));
  await store(databases, { events: events.slice(0, 600) });
  await store(databases, { events: events.slice(600) });
  const call = () => eraseSessionEvents(databases, { session: "a", before: ALWAYS }, { left: 2 });
  expect(await call()).toEqual({ events: 1_000, isDone: false });
  expect(await rowsIn("activity")).toBe(1);
  expect(await call()).toEqual({ events: 200, isDone: true });
  expect(await rows()).toEqual([0, 0, 0]);
});
