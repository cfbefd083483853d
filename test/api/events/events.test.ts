import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { EventsResponse } from "../../../src/api/events/events";
import { databasesOf } from "../../../src/storage/core/databases";
import { eventRow, MORNING, store } from "../../storage/seed";
import { ask, withBrokenDatabases } from "../reading-app";

const databases = databasesOf(env);
const SESSION = "e2085be5-9137-4e4e-80b5-f1ffddc25423";

/** The brief's samples: all three have the same timestamp. */
const samples = [
  { category: "page interaction", name: "pageview", data: '{"host":"www.consumeraffairs.com","path":"/"}' },
  { category: "page interaction", name: "cta click", data: '{"element":"chat bubble"}' },
  { category: "form interaction", name: "submit", data: '{"form":{"first_name":"John"}}' },
].map((sample, n) =>
  eventRow({
    ...sample,
    session: SESSION,
    id: `sample-${n}`,
    occurredAt: 1_609_492_527_243_860,
    receivedAt: 1_700_000_000_000_000 + n,
  }),
);

const others = Array.from({ length: 40 }, (_, n) =>
  eventRow({ session: `s${n % 7}`, occurredAt: MORNING + n, application: n % 3 === 0 ? "blog" : "shop" }),
);

beforeAll(async () => {
  await store(databases, { events: [...samples, ...others] });
});

async function list(url: string): Promise<v.InferOutput<typeof EventsResponse>> {
  const response = await ask(url);
  expect(response.status).toBe(200);
  return v.parse(EventsResponse, await response.json());
}

async function scan(url: string): Promise<string[]> {
  const page = await list(url);
  const ids = page.results.map(({ id }) => id);
  return page.next === null ? ids : [...ids, ...(await scan(`/theeye/events${page.next}`))];
}

describe("GET /theeye/events", () => {
  it("returns a complete event, with microseconds", async () => {
    const { results } = await list(`/theeye/events?session_id=${SESSION}`);
    expect(results[1]).toEqual({
      session_id: SESSION,
      application: "shop",
      category: "page interaction",
      name: "cta click",
      data: { element: "chat bubble" },
      timestamp: "2021-01-01T09:15:27.243860Z",
      received_at: "2023-11-14T22:13:20.000001Z",
      id: "sample-1",
    });
  });

  it("lists newest first, and oldest first for one session, by default", async () => {
    const ids = async (query: string) => (await list(`/theeye/events?limit=3&${query}`)).results.map(({ id }) => id);
    expect(await ids("")).toEqual(["sample-2", "sample-1", "sample-0"]);
    expect(await ids(`session_id=${SESSION}`)).toEqual(["sample-0", "sample-1", "sample-2"]);
    expect(await ids(`session_id=${SESSION}&order=desc`)).toEqual(["sample-2", "sample-1", "sample-0"]);
  });

  it("pages by the returned URLs, which keep the filters and drop the key", async () => {
    const response = await ask("/theeye/events?application=shop&limit=5&key=eye_r_local");
    const { next } = v.parse(EventsResponse, await response.json());
    expect(response.headers.get("Link")).toBe(`<${next}>; rel="next"`);
    const url = new URL(next ?? "", "https://eye.example/theeye/events");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      application: "shop",
      limit: "5",
      cursor: url.searchParams.get("cursor"),
    });
    const shop = [...others, ...samples].filter(({ application }) => application === "shop").map(({ id }) => id);
    expect(await scan("/theeye/events?application=shop&limit=5&order=asc")).toEqual(shop);
    expect(await scan("/theeye/events?application=shop&limit=7")).toEqual(shop.toReversed());
  });

  it("ends with next null and no Link", async () => {
    const response = await ask(`/theeye/events?session_id=${SESSION}`);
    expect(response.headers.get("Link")).toBeNull();
    expect(await response.json()).toMatchObject({ next: null });
  });

  it("includes both ends of a range", async () => {
    const query = "start_date=2021-01-01T09:00:00.000005Z&end_date=2021-01-01T09:00:00.000007Z&order=asc";
    expect((await list(`/theeye/events?${query}`)).results.map(({ timestamp }) => timestamp.slice(-4, -1))).toEqual([
      "005",
      "006",
      "007",
    ]);
    expect((await list("/theeye/events?start_date=2021-01-01&end_date=2021-01-01")).results).toHaveLength(43);
  });

  it("refuses a cursor of other filters, another order or another list", async () => {
    const { next } = await list("/theeye/events?limit=2");
    const cursor = new URLSearchParams(next ?? "").get("cursor") ?? "";
    for (const path of [
      "/theeye/events?order=asc&",
      "/theeye/events?name=pageview&",
      "/theeye/errors?",
      "/theeye/sessions?",
    ]) {
      const response = await ask(`${path}cursor=${cursor}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ code: "invalid_parameter", parameter: "cursor" });
    }
    expect((await ask(`/theeye/events?limit=9&cursor=${cursor}`)).status).toBe(200);
  });

  it.each(["?cursor=nonsense", "?start_date=2021-01-02&end_date=2021-01-01", "?session=a"])(
    "refuses %s",
    async (query) => {
      const response = await ask(`/theeye/events${query}`);
      expect(response.status).toBe(400);
      expect(response.headers.get("Content-Type")).toBe("application/problem+json");
      expect(await response.json()).toMatchObject({ code: "invalid_parameter" });
    },
  );

  it.each(["/theeye/events", "/theeye/sessions", `/theeye/sessions/${SESSION}`, "/theeye/errors", "/theeye/stats"])(
    "%s answers 503 with Retry-After while a database cannot be read",
    async (path) => {
      const response = await ask(path, withBrokenDatabases("D1_ERROR: D1 DB is overloaded."));
      expect(response.status).toBe(503);
      expect(Number(response.headers.get("Retry-After"))).toBeGreaterThan(0);
      expect(await response.json()).toMatchObject({ code: "unavailable" });
    },
  );
});
