import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { loadRuleBook } from "../../../src/storage/admin/rule-epochs";
import { databasesOf } from "../../../src/storage/core/databases";
import { seedLocalKeys } from "../../http/auth/seed";
import { ask } from "../ask";

beforeAll(seedLocalKeys);

const schema = { type: "object", required: ["total"] };
const put = (path: string, body: unknown) => ask(path, { method: "PUT", body: JSON.stringify(body) });
const get = async (path: string): Promise<Record<string, unknown>> => (await ask(path)).json();
const [first] = databasesOf(env);

/** The latest rules. */
async function rules() {
  if (first === undefined) throw new Error("There is no database.");
  return loadRuleBook(first, Number.MAX_SAFE_INTEGER);
}

describe("an event type", () => {
  const path = "/theeye/event-types/page%20interaction/a%2Fb%20%C3%A9";

  it("gets a version with each change, and none if nothing changes", async () => {
    const first = await put(path, { schema, owner: "web team" });
    expect(first.status).toBe(201);
    expect(await first.json()).toMatchObject({
      ...{ category: "page interaction", name: "a/b é", version: 1, registered: true, mode: "accept" },
      ...{ schema_mode: "enforce", schema, owner: "web team", description: null },
    });
    expect(await rules()).toMatchObject({
      types: [{ category: "page interaction", name: "a/b é", version: 1, schema: JSON.stringify(schema) }],
    });
    const same = await put(path, { schema, owner: "web team" });
    expect([same.status, await same.json()]).toMatchObject([200, { version: 1 }]);
    const second = await put(path, { schema, schema_mode: "shadow" });
    expect([second.status, await second.json()]).toMatchObject([
      200,
      { version: 2, schema_mode: "shadow", owner: null },
    ]);
    expect(await rules()).toMatchObject({ types: [{ version: 2, schema_mode: "shadow" }] });
  });

  it("keeps its versions readable, through a removal and a return", async () => {
    expect((await ask(path, { method: "DELETE" })).status).toBe(204);
    expect(await rules()).toMatchObject({ types: [] });
    expect(await get(path)).toMatchObject({ version: 3, registered: false });
    expect((await ask(path, { method: "DELETE" })).status).toBe(204);
    expect((await put(path, { schema: true })).status).toBe(200);
    expect(await get(path)).toMatchObject({ version: 4, registered: true, schema: true });
    expect(await get(`${path}?version=1`)).toMatchObject({ version: 1, owner: "web team" });
    const page = await get(`${path}/versions?limit=3`);
    expect(page).toMatchObject({ results: [{ version: 4 }, { version: 3 }, { version: 2 }] });
    expect(await get(`${path}/versions${page.next}`)).toMatchObject({ results: [{ version: 1 }], next: null });
  });

  it("is not found unless it was registered", async () => {
    for (const missing of [
      "/theeye/event-types/no/such",
      "/theeye/event-types/no/such/versions",
      `${path}?version=9`,
    ]) {
      expect((await ask(missing)).status).toBe(404);
    }
    expect((await ask("/theeye/event-types/no/such", { method: "DELETE" })).status).toBe(404);
  });

  it("is refused with an unsafe schema and its location", async () => {
    const refused = await put(path, { schema: { properties: { a: { pattern: "^(a+)+$" } } } });
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({ code: "schema_invalid", path: "/properties/a/pattern" });
    expect(await get(path)).toMatchObject({ version: 4 });
  });

  it.each([
    ["/theeye/event-types/a/b", { mode: "perhaps" }],
    ["/theeye/event-types/a/b", { colour: "red" }],
    [`/theeye/event-types/${"a".repeat(65)}/b`, {}],
    ["/theeye/event-types/a/%20", {}],
  ])("is refused because no event could have it: %s %j", async (where, body) => {
    expect((await put(where, body)).status).toBe(400);
  });

  it("needs an admin key to change, and a read key to read", async () => {
    const read = { headers: { Authorization: "Bearer eye_r_local" } };
    expect((await ask(path, { ...read, method: "PUT", body: "{}" })).status).toBe(403);
    expect((await ask(path, { ...read, method: "DELETE" })).status).toBe(403);
    expect((await ask("/theeye/settings", read)).status).toBe(403);
    expect((await ask(path, read)).status).toBe(200);
  });
});

describe("a change of the rules", () => {
  const leading = { ...env, RULE_LEAD_SECONDS: 60 } as unknown as Env;
  const change = async (path: string, body: unknown) => {
    const response = await ask(path, { method: "PUT", body: JSON.stringify(body) }, leading);
    const moments = v.parse(v.object({ changed_at: v.string(), in_force_at: v.string() }), await response.json());
    return { changed: Date.parse(moments.changed_at), inForce: Date.parse(moments.in_force_at), moments };
  };

  it("is in force after the lead, and is shown before", async () => {
    const path = "/theeye/event-types/lead/type";
    const { changed, inForce, moments } = await change(path, { mode: "reject" });
    expect(inForce - changed).toBe(60_000);
    expect(await get(path)).toMatchObject({ version: 1, mode: "reject", ...moments });
    expect(await get(`${path}/versions`)).toMatchObject({ results: [{ version: 1, ...moments }] });
  });

  it("is never in force before an earlier change, even if its own lead is shorter", async () => {
    const { inForce } = await change("/theeye/event-types/lead/type", { mode: "accept" });
    const soon = await (await put("/theeye/event-types/lead/other", {})).json();
    const { in_force_at: later } = v.parse(v.object({ in_force_at: v.string() }), soon);
    expect(Date.parse(later)).toBeGreaterThanOrEqual(inForce);
  });
});
