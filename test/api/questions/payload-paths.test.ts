import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { PropertiesResponse } from "../../../src/api/questions/properties";
import { StatsResponse } from "../../../src/api/questions/stats/stats-body";
import { databasesOf } from "../../../src/storage/core/databases";
import { seedLocalKeys } from "../../http/auth/seed";
import { eventRow, MINUTE, MORNING, store } from "../../storage/seed";
import { ask } from "../ask";

const TYPE = "/theeye/event-types/page%20interaction/pageview";

beforeAll(async () => {
  await seedLocalKeys();
  await store(databasesOf(env), {
    events: [3, 4].map((price, n) =>
      eventRow({ session: `s${n}`, occurredAt: MORNING + n * MINUTE, data: JSON.stringify({ data: { price } }) }),
    ),
  });
});

const get = (path: string) => ask(path);
const send = (method: string, path: string, body: object) => ask(path, { method, body: JSON.stringify(body) });
const alertOf = (threshold: object) =>
  send("POST", "/theeye/alerts", {
    ...{ name: "prices", threshold, window_minutes: 5, webhook: { url: "https://a.example/" } },
  });

describe("a path that begins with the member data of an event", () => {
  it.each<[string, () => Promise<Response>, string?]>([
    ["a metric", () => get("/theeye/stats?metric=sum:data.price")],
    ["a group", () => get("/theeye/stats?group_by=name,data.data.price"), "data."],
    ["a filter", () => get("/theeye/stats?data.data.price=3"), "data."],
    ["a filter of sessions", () => get("/theeye/sessions?data.data.price=3"), "data."],
    ["the entry of sessions", () => get("/theeye/sessions/stats?group_by=entry&by=data.data.price"), "data."],
    ["a step of a funnel", () => send("POST", "/theeye/funnels", { steps: [{ data: { "data.price": 3 } }, {}] })],
    [
      "the group of a funnel",
      () => send("POST", "/theeye/funnels", { steps: [{}, {}], group_by: "data.data.price" }),
      "data.",
    ],
    ["the key of paths", () => send("POST", "/theeye/paths", { start: {}, by: "data.data.price" }), "data."],
    ["a declared property", () => send("PATCH", TYPE, { properties: [{ path: "data.price", kind: "number" }] })],
    ["the metric of an alert", () => alertOf({ metric: "sum:data.price", above: 1 })],
    ["a filter of an alert", () => alertOf({ metric: "events", above: 1, data: { "data.price": ["3"] } })],
    [
      "a saved question",
      () => send("PUT", "/theeye/questions/q", { kind: "stats", question: { metric: "sum:data.price" } }),
    ],
  ])("is refused with what to write instead, in %s", async (_, asking, before = "") => {
    const response = await asking();
    expect(response.status).toBeGreaterThanOrEqual(400);
    const text = await response.text();
    expect(text).toContain(`Write ${before}price instead of ${before}data.price: paths begin inside the payload.`);
    expect(text).toContain(`a member of the payload named data, write ${before}\\"data\\".price`);
  });

  it("is written in quotes if the payload has such a member, as the list of properties shows", async () => {
    const listed = await get("/theeye/properties?category=page interaction&name=pageview");
    const { results } = v.parse(PropertiesResponse, await listed.json());
    expect(results.map(({ path }) => path)).toEqual(['"data".price']);
    const query = { metric: 'sum:"data".price', group_by: 'data."data".price', interval: "none" };
    const day = { start_date: "2021-01-01", end_date: "2021-01-01" };
    const found = await get(`/theeye/stats?${new URLSearchParams({ ...query, ...day })}`);
    const answer = v.parse(StatsResponse, await found.json());
    expect(answer.total).toEqual({ total: 7 });
    expect(answer.results.map((line) => line['data."data".price'])).toEqual(["4", "3"]);
  });
});
