import { beforeAll, expect, it } from "vitest";
import { seedLocalKeys } from "../../http/auth/seed";
import { ask } from "../ask";

beforeAll(seedLocalKeys);

const rule = { name: "a", threshold: { failures: 1 }, window_minutes: 5, webhook: { url: "https://a.example/" } };
const create = (body: unknown) => ask("/theeye/alerts", { method: "POST", body: JSON.stringify(body) });

it("creates, lists, shows and deletes alerts; the secret is shown once", async () => {
  const created = await create(rule);
  expect(created.status).toBe(201);
  expect(await created.json()).toMatchObject({
    name: "a",
    state: "ok",
    secret: expect.stringMatching(/^eye_s_.{43}$/),
  });
  expect((await create(rule)).status).toBe(409);
  const list = await (await ask("/theeye/alerts")).text();
  expect(JSON.parse(list)).toMatchObject({ results: [{ name: "a" }] });
  expect(list).not.toContain("eye_s_");
  const shown = await (await ask("/theeye/alerts/a")).text();
  expect(JSON.parse(shown)).toMatchObject({ name: "a", deliveries: [] });
  expect(shown).not.toContain("eye_s_");
  expect((await ask("/theeye/alerts/a", { method: "DELETE" })).status).toBe(204);
  expect((await ask("/theeye/alerts/a")).status).toBe(404);
});

it.each([
  { metric: "events", above: 1_000 },
  { metric: "sessions", below: 1, data: { path: ["/checkout", "/pay/*"] } },
  { metric: "sum:price", change: 0.3, direction: "down", weeks: 2, at_least: 100 },
])("takes a threshold of numbers: %j", async (threshold) => {
  const name = `numbers-${threshold.metric.replace(":", "-")}`;
  expect((await create({ ...rule, name, threshold })).status).toBe(201);
  expect(await (await ask(`/theeye/alerts/${name}`)).json()).toMatchObject({ threshold });
});

it.each([
  { ...rule, threshold: { metric: "bytes", above: 1 } },
  { ...rule, threshold: { metric: "events", above: 1, below: 2 } },
  { ...rule, threshold: { metric: "events", change: 0 } },
  { ...rule, threshold: { metric: "events", above: 1, data: { "": ["/"] } } },
  { ...rule, webhook: { url: "https://127.0.0.1/" } },
  { ...rule, threshold: {} },
  { ...rule, window_minutes: 1441 },
  { ...rule, window_minutes: undefined },
  { ...rule, threshold: { days_left: 7 } },
  { ...rule, window_minutes: undefined, threshold: { backlog: 7 }, application: "shop" },
  { ...rule, unknown: 1 },
])("refuses %j", async (body) => {
  const response = await create(body);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: "invalid_parameter" });
});

it("takes a threshold of the storage without a window", async () => {
  const created = await create({ ...rule, name: "full", window_minutes: undefined, threshold: { days_left: 7 } });
  expect(created.status).toBe(201);
  expect(await (await ask("/theeye/alerts/full")).json()).toMatchObject({ threshold: { days_left: 7 }, state: "ok" });
  expect((await ask("/theeye/alerts/full", { method: "DELETE" })).status).toBe(204);
});

it("is for admin keys", async () => {
  expect((await ask("/theeye/alerts", { headers: { Authorization: "Bearer eye_r_local" } })).status).toBe(403);
});
