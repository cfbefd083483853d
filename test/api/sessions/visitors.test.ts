import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { VisitorResponse } from "../../../src/api/sessions/visitors";
import { databasesOf } from "../../../src/storage/core/databases";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { seedLocalKeys } from "../../http/auth/seed";
import { DAY, eventRow, MINUTE, MORNING, partitionsOf, store } from "../../storage/seed";
import { ask } from "../ask";

const databases = databasesOf(env);

/** Forty visits, a day apart, of three events each. The visitor is known from the second event on. */
const rows = Array.from({ length: 120 }, (_, n) =>
  eventRow({
    session: `visit ${Math.floor(n / 3)}`,
    occurredAt: MORNING - 30 * DAY + Math.floor(n / 3) * DAY + (n % 3) * MINUTE,
    visitor: n % 3 === 0 ? null : "ada",
  }),
);

beforeAll(async () => {
  await seedLocalKeys();
  await store(databases, { events: rows.slice(0, 90) }, DAY);
  const map = await partitionsOf(databases).latest();
  const partition = map.partitions.at(-1);
  if (partition !== undefined) await sealPartition(databases, partition);
  // Late events of known visits, and later visits.
  const late = rows.slice(60, 66).map((row) => eventRow({ ...row, id: `late ${row.id}`, tie: row.tie + 1 }));
  await store(databases, { events: [...rows.slice(90), ...late] }, DAY);
}, 60_000);

async function page(url: string) {
  const response = await ask(url);
  expect(response.status).toBe(200);
  return v.parse(VisitorResponse, await response.json());
}

describe("GET /theeye/visitors/{id}", () => {
  it("lists the sessions of a visitor, newest first, page by page", async () => {
    const found: string[] = [];
    for (let url: string | null = "/theeye/visitors/ada?limit=7"; url !== null; ) {
      const { results, next, sessions } = await page(url);
      expect(sessions).toBe(40);
      found.push(...results.map(({ session_id }) => session_id));
      url = next === null ? null : `/theeye/visitors/ada${next}`;
    }
    expect(found).toEqual(Array.from({ length: 40 }, (_, n) => `visit ${39 - n}`));
  });

  it("has the times of the whole session, including those before the visitor was known", async () => {
    const { results } = await page("/theeye/visitors/ada?limit=1");
    expect(results).toEqual([
      {
        session_id: "visit 39",
        first_event_at: "2021-01-10T09:00:00.000000Z",
        last_event_at: "2021-01-10T09:02:00.000000Z",
        duration_seconds: 120,
      },
    ]);
  });

  it("reads no more than its sessions need", async () => {
    const { rows_read: rowsRead } = await page("/theeye/visitors/ada?limit=2");
    // Two rows for each visit; for each session of the page the slots of a window, twice.
    expect(rowsRead).toBeLessThan(4 * 40 + 2 * 2 * 260 + 300);
  });

  it("answers 404 for a visitor without events, and does not claim that none are archived", async () => {
    const response = await ask("/theeye/visitors/nobody");
    const detail = expect.stringContaining("GET /theeye/sessions?visitor_id=… finds them");
    expect(await response.json()).toMatchObject({ code: "not_found", detail });
  });

  it("refuses a cursor of another visitor", async () => {
    const { next } = await page("/theeye/visitors/ada?limit=1");
    const cursor = new URL(next ?? "", "https://eye.example").searchParams.get("cursor");
    const response = await ask(`/theeye/visitors/bob?cursor=${cursor}`);
    expect(await response.json()).toMatchObject({ code: "invalid_parameter", parameter: "cursor" });
  });
});
