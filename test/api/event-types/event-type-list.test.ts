import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { seedLocalKeys } from "../../http/auth/seed";
import { errorRow, eventRow, MORNING, store } from "../../storage/seed";
import { ask } from "../ask";

const put = (path: string, body: unknown) => ask(path, { method: "PUT", body: JSON.stringify(body) });
const get = async (path: string): Promise<Record<string, unknown>> => (await ask(path)).json();

describe("types that were seen", () => {
  const now = Math.floor(Date.now() / 1000) * 1_000_000;
  beforeAll(async () => {
    await seedLocalKeys();
    const at = (occurredAt: number, session: string, changes = {}) =>
      eventRow({ category: "seen", name: "twice", session, occurredAt, ...changes });
    const events = [
      ...[at(MORNING, "s-1"), at(now, "s-2"), at(now, "s-3", { application: "other" })],
      at(now, "s-4", { name: "once" }),
    ];
    const errors = [errorRow({ category: "seen", name: "never", receivedAt: now })];
    await store(databasesOf(env), { events, errors });
    await put("/theeye/event-types/seen/twice", { description: "Two of them" });
    await put("/theeye/event-types/page%20interaction/a%2Fb%20%C3%A9", {});
  });

  const minute = new Date(Math.floor(now / 60_000_000) * 60_000).toISOString().replace("000Z", "000000Z");

  it("are listed with the registered ones, by category and name, page by page, with exact counts", async () => {
    const found: Record<string, unknown>[] = [];
    let path: string | null = "/theeye/event-types?limit=1&days=2";
    while (path !== null) {
      const page = await get(path);
      found.push(...(page.results as Record<string, unknown>[]));
      path = page.next === null ? null : `/theeye/event-types${page.next}`;
    }
    expect(found).toMatchObject([
      { category: "page interaction", name: "a/b é", registered: true, version: 1, events: 0, first_seen: null },
      { category: "seen", name: "never", registered: false, version: null, events: 0, failures: 1 },
      {
        category: "seen",
        name: "once",
        registered: false,
        events: 1,
        failures: 0,
        first_seen: minute,
        last_seen: minute,
      },
      {
        ...{ category: "seen", name: "twice", registered: true, version: 1, description: "Two of them", events: 2 },
        ...{ first_seen: "2021-01-01T09:00:00.000000Z", last_seen: minute, schema_mode: null },
      },
    ]);
  });

  it("are shown individually with the same counts", async () => {
    expect(await get("/theeye/event-types/seen/twice")).toMatchObject({ events: 2, last_seen: minute, shadow: [] });
  });
});
