import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { SessionsResponse } from "../../../src/api/sessions/sessions";
import { databasesOf } from "../../../src/storage/core/databases";
import { eventRow, MINUTE, MORNING, store } from "../../storage/seed";
import { ask } from "../reading-app";

const databases = databasesOf(env);

/** Ten sessions, one an hour, of five events a minute apart. */
const rows = Array.from({ length: 50 }, (_, n) =>
  eventRow({
    session: `visit ${Math.floor(n / 5)}`,
    id: `${(n % 5) + 1} of ${Math.floor(n / 5)}`,
    occurredAt: MORNING + Math.floor(n / 5) * 60 * MINUTE + (n % 5) * MINUTE,
    application: n % 2 === 0 ? "shop" : "blog",
  }),
);

const JULY = Date.parse("2021-07-01T12:00:00Z") * 1_000;

beforeAll(async () => {
  await store(databases, { events: rows });
});

async function listed(url: string): Promise<string[]> {
  const response = await ask(url);
  expect(response.status).toBe(200);
  const { results, next } = v.parse(SessionsResponse, await response.json());
  const ids = results.map(({ session_id }) => session_id);
  return next === null ? ids : [...ids, ...(await listed(`/theeye/sessions${next}`))];
}

describe("GET /theeye/sessions", () => {
  it("lists every session once, newest first, across pages", async () => {
    const visits = Array.from({ length: 10 }, (_, n) => `visit ${9 - n}`);
    expect(await listed("/theeye/sessions")).toEqual(visits);
    expect(await listed("/theeye/sessions?limit=3")).toEqual(visits);
  });

  it("lists the sessions with an event in the range", async () => {
    expect(await listed("/theeye/sessions?start_date=2021-01-01T10:04Z&end_date=2021-01-01T12:00Z")).toEqual([
      "visit 3",
      "visit 2",
      "visit 1",
    ]);
    expect(await listed("/theeye/sessions?start_date=2021-01-01T10:05Z&end_date=2021-01-01T10:59Z")).toEqual([]);
  });

  it("returns when each was last active, and its first and last event on request", async () => {
    const results = async (url: string) => v.parse(SessionsResponse, await (await ask(url)).json()).results;
    const listed = { session_id: "visit 9", active_at: "2021-01-01T18:04:00.000000Z" };
    expect(await results("/theeye/sessions?limit=1")).toEqual([listed]);
    expect(await results("/theeye/sessions?limit=1&include=times")).toEqual([
      { ...listed, first_event_at: "2021-01-01T18:00:00.000000Z", last_event_at: "2021-01-01T18:04:00.000000Z" },
    ]);
  });

  it("lists those that contain an event of a type, application, visitor and value, of a size", async () => {
    await store(databases, {
      events: [
        { session: "buyer", name: "order", application: "till", visitor: "v1", data: '{"price":12}', occurredAt: JULY },
        { session: "buyer", application: "till", visitor: "v1", occurredAt: JULY + MINUTE },
        { session: "looker", visitor: "v1", data: '{"path":"/blog/a"}', occurredAt: JULY + 2 * MINUTE },
      ].map(eventRow),
    });
    const july = (query: string) =>
      listed(`/theeye/sessions?start_date=2021-07-01&end_date=2021-07-01&limit=1&${query}`);
    expect(await july("visitor_id=v1")).toEqual(["looker", "buyer"]);
    expect(await july("name=order")).toEqual(["buyer"]);
    expect(await july("application=till")).toEqual(["buyer"]);
    expect(await july("data.price=12&category=page%20interaction")).toEqual(["buyer"]);
    expect(await july("data.path=/blog/*")).toEqual(["looker"]);
    expect(await july("data.path=/blog/*&visitor_id=v2")).toEqual([]);
    expect(await july("max_events=1")).toEqual(["looker"]);
    expect(await july("min_events=2&min_seconds=60&max_seconds=60")).toEqual(["buyer"]);
    expect(await july("min_seconds=60.000001")).toEqual([]);
  });

  it.each([
    ["min_events=1001", "min_events"],
    ["max_seconds=long", "max_seconds"],
    ["data.=1", "data."],
    ["application=unheard-of", "application"],
  ])("refuses %s", async (query, parameter) => {
    const response = await ask(`/theeye/sessions?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "invalid_parameter", parameter });
  });

  it("refuses a cursor with other filters", async () => {
    const { next } = v.parse(SessionsResponse, await (await ask("/theeye/sessions?limit=1&name=pageview")).json());
    const response = await ask(`/theeye/sessions${next}&data.path=/`);
    expect(await response.json()).toMatchObject({ code: "invalid_parameter", parameter: "cursor" });
  });

  it("lists what can be included if it refuses a value", async () => {
    const response = await ask("/theeye/sessions?include=events");
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "invalid_parameter", parameter: "include" });
  });
});
