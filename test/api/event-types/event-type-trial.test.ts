import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { seedLocalKeys } from "../../http/auth/seed";
import { errorRow, eventRow, MORNING, SECOND, store } from "../../storage/seed";
import { ask } from "../ask";

const path = "/theeye/event-types/order/placed";
const sent = { category: "order", name: "placed" };

beforeAll(async () => {
  await seedLocalKeys();
  const events = [
    { total: 1, items: [{ price: 1 }], at: "2026-01-01" },
    { total: 2.5, items: [{ price: "1" }, { price: "2" }], at: "2026-01-02", note: null },
    { total: "3", items: [], at: "2026-01-03" },
  ].map((data, index) =>
    eventRow({ ...sent, session: `trial-${index}`, occurredAt: MORNING + index * SECOND, data: JSON.stringify(data) }),
  );
  const failed = (data: unknown, changes: object, id: string) =>
    errorRow({
      ...{ ...sent, id, session: "trial-0" },
      content: JSON.stringify({ session_id: "trial-0", ...sent, data, timestamp: "2021-01-01 09:00:00", ...changes }),
    });
  const errors = [
    failed({ total: 1, items: [] }, {}, "error-fits"),
    failed({ items: [] }, {}, "error-lacks"),
    failed({ total: 1, items: [] }, { timestamp: "never" }, "error-time"),
  ];
  await store(databasesOf(env), { events: [...events, eventRow({ category: "order", name: "other" })], errors });
});

describe("a proposal", () => {
  it("is derived from the stored events of the type", async () => {
    expect(await (await ask(`${path}/proposal`)).json()).toEqual({
      ...{ ...sent, drawn_from: 3 },
      schema: {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        type: "object",
        properties: {
          at: { type: "string", format: "date" },
          items: {
            type: "array",
            items: { type: "object", properties: { price: { type: ["integer", "string"] } }, required: ["price"] },
          },
          note: { type: "null" },
          total: { type: ["number", "string"] },
        },
        required: ["at", "items", "total"],
      },
    });
  });

  it("is null if nothing is stored", async () => {
    expect(await (await ask("/theeye/event-types/no/such/proposal")).json()).toMatchObject({
      drawn_from: 0,
      schema: null,
    });
  });
});

describe("a check", () => {
  const check = (body: unknown) => ask(`${path}/check`, { method: "POST", body: JSON.stringify(body) });
  const schema = {
    properties: { total: { type: "number" }, items: { items: { properties: { price: { type: "number" } } } } },
    required: ["total"],
  };

  it("returns how many stored and failed events would pass and fail, and why", async () => {
    const answer = await (await check({ schema })).json();
    expect(answer).toMatchObject({
      stored: { checked: 3, pass: 1, fail: 2 },
      failed: { checked: 3, pass: 1, fail: 2 },
    });
    const { groups } = answer as { groups: { path: string }[] };
    expect(groups.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
      {
        ...{ code: "schema_violation", path: "/data", kind: "required", stored: 0, failed: 1 },
        samples: [
          { session_id: "trial-0", error_id: "error-lacks", message: 'expected the member "total", found none' },
        ],
      },
      {
        ...{ code: "schema_violation", path: "/data/items/*/price", kind: "type", stored: 1, failed: 0 },
        samples: [{ session_id: "trial-1", id: expect.any(String), message: 'expected number, found "2"' }],
      },
      {
        ...{ code: "schema_violation", path: "/data/total", kind: "type", stored: 1, failed: 0 },
        samples: [{ session_id: "trial-2", id: expect.any(String), message: 'expected number, found "3"' }],
      },
      {
        ...{ code: "timestamp_invalid", path: "/timestamp", kind: "timestamp_invalid", stored: 0, failed: 1 },
        samples: [{ session_id: "trial-0", error_id: "error-time", message: expect.stringContaining("never") }],
      },
    ]);
  });

  it("refuses a schema that could not be registered", async () => {
    const refused = await check({ schema: { type: "text" } });
    expect([refused.status, await refused.json()]).toMatchObject([422, { code: "schema_invalid", path: "/type" }]);
    expect((await check({})).status).toBe(400);
  });
});
