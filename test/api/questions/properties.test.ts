import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { PropertiesResponse } from "../../../src/api/questions/properties";
import { databasesOf } from "../../../src/storage/core/databases";
import { seedLocalKeys } from "../../http/auth/seed";
import { eventRow, MINUTE, MORNING, store } from "../../storage/seed";
import { ask } from "../ask";

const PATH = "/theeye/event-types/page%20interaction/pageview";

beforeAll(async () => {
  await seedLocalKeys();
  const payloads = [
    ...Array.from({ length: 6 }, (_, n) => ({ path: n < 4 ? "/" : `/p/${n}`, status: 200, form: { field: "a" } })),
    { path: null, tags: ["a"], "a.b": true },
    { form: {} },
  ];
  await store(databasesOf(env), {
    events: payloads.map((data, n) =>
      eventRow({ session: `s${n}`, occurredAt: MORNING + n * MINUTE, data: JSON.stringify(data) }),
    ),
  });
});

const patch = (body: unknown, path = PATH) => ask(path, { method: "PATCH", body: JSON.stringify(body) });

async function properties() {
  const response = await ask("/theeye/properties?category=page interaction&name=pageview");
  return v.parse(PropertiesResponse, await response.json());
}

describe("GET /theeye/properties", () => {
  it("shows kinds, shares, samples and the number of values", async () => {
    const { results, examined, accuracy } = await properties();
    expect({ examined, accuracy }).toEqual({ examined: 8, accuracy: { exact: true } });
    expect(results).toEqual([
      {
        ...{ path: "path", kinds: { string: 0.8571, null: 0.1429 }, share: 0.875, distinct: { about: 3 } },
        ...{ samples: ["/", "/p/4", "/p/5"], declared: false },
      },
      {
        ...{ path: "form.field", kinds: { string: 1 }, share: 0.75, distinct: { about: 1 } },
        ...{ samples: ["a"], declared: false },
      },
      {
        ...{ path: "status", kinds: { number: 1 }, share: 0.75, distinct: { about: 1 } },
        ...{ samples: ["200"], declared: false },
      },
      ...[
        { path: '"a.b"', kinds: { boolean: 1 }, share: 0.125, distinct: { about: 1 }, samples: ["true"] },
        { path: "form", kinds: { object: 1 }, share: 0.125, distinct: { about: 0 }, samples: [] },
        { path: "tags", kinds: { array: 1 }, share: 0.125, distinct: { about: 0 }, samples: [] },
      ].map((property) => ({ ...property, declared: false })),
    ]);
  });

  it("requires a type", async () => {
    const response = await ask("/theeye/properties?category=page interaction");
    expect(await response.json()).toMatchObject({ code: "invalid_parameter", parameter: "name" });
  });
});

describe("declaring properties", () => {
  it("takes one request, even for types that are not registered", async () => {
    const declared = [{ path: "path", kind: "text", template: "/p/:id" }];
    const response = await patch({ properties: declared });
    expect(await response.json()).toMatchObject({ category: "page interaction", properties: declared });
    const [first] = (await properties()).results;
    expect(first).toMatchObject({ path: "path", declared: true, kind: "text", template: "/p/:id" });
    const stats = await ask("/theeye/stats?group_by=data.path&interval=none&start_date=2021-01-01&end_date=2021-01-01");
    expect(await stats.json()).toMatchObject({
      results: [
        { "data.path": "/", total: 4 },
        { "data.path": "/p/:id", total: 2 },
        { "data.path": null, total: 2 },
      ],
    });
  });

  it("is possible with PUT, which leaves properties unchanged if absent", async () => {
    const put = (body: unknown) => ask(PATH, { method: "PUT", body: JSON.stringify(body) });
    expect((await put({ properties: [{ path: "status", kind: "number" }] })).status).toBe(201);
    expect((await put({ owner: "web team" })).status).toBe(200);
    const shown = await (await ask(PATH)).json();
    expect(shown).toMatchObject({
      owner: "web team",
      properties: [{ path: "status", kind: "number", template: null }],
    });
    expect(await (await patch({ properties: [] })).json()).toMatchObject({ properties: [] });
  });

  it.each([
    { properties: [{ path: "a..b", kind: "text" }] },
    { properties: [{ path: "a", kind: "date" }] },
    { properties: Array.from({ length: 17 }, (_, n) => ({ path: `p${n}`, kind: "text" })) },
    { properties: [1, 2].map(() => ({ path: "a", kind: "text" })) },
    {},
  ])("refuses %j", async (body) => {
    const response = await patch(body);
    expect(response.status).toBe(400);
  });

  it("requires an admin key", async () => {
    const headers = { Authorization: "Bearer eye_r_local" };
    const response = await ask(PATH, { method: "PATCH", headers, body: '{"properties":[]}' });
    expect(response.status).toBe(403);
  });
});
