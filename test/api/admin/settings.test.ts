import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { loadRuleBook } from "../../../src/storage/admin/rule-epochs";
import { DEFAULT_STORAGE_SETTINGS } from "../../../src/storage/admin/storage-settings";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { seedLocalKeys } from "../../http/auth/seed";
import { ask } from "../ask";

beforeAll(seedLocalKeys);

const PATH = "/theeye/settings";

function put(body: unknown, bindings: Env = env): Promise<Response> {
  return ask(PATH, { method: "PUT", body: JSON.stringify(body) }, bindings);
}

const get = async () => (await ask(PATH)).json();

/** How events of unregistered types are treated by the latest rules. */
const latest = async () => (await loadRuleBook(firstDatabase(databasesOf(env)), Number.MAX_SAFE_INTEGER)).unregistered;

describe("the settings", () => {
  it("accept unregistered types until they are changed", async () => {
    expect(await get()).toEqual({
      ...{ unregistered_event_types: "accept", changed_at: null, in_force_at: null, storage: expect.any(Object) },
    });
  });

  it("decide how unregistered types are treated", async () => {
    for (const mode of ["reject", "accept"]) {
      expect((await put({ unregistered_event_types: mode })).status).toBe(200);
      expect(await get()).toMatchObject({ unregistered_event_types: mode });
      expect(await latest()).toBe(mode);
    }
    expect((await put({})).status).toBe(400);
  });

  it("show when a change comes into force, and do not change again if nothing is new", async () => {
    const leading = { ...env, RULE_LEAD_SECONDS: 60 } as unknown as Env;
    const change = async () => {
      const response = await put({ unregistered_event_types: "reject" }, leading);
      return v.parse(v.object({ changed_at: v.string(), in_force_at: v.string() }), await response.json());
    };
    const moments = await change();
    expect(Date.parse(moments.in_force_at) - Date.parse(moments.changed_at)).toBe(60_000);
    expect(await get()).toMatchObject({ unregistered_event_types: "reject", ...moments });
    expect(await change()).toEqual(moments);
  });

  it("keep the settings of the storage if a change does not name them", async () => {
    const storage = { ...DEFAULT_STORAGE_SETTINGS, hot_days: 12 };
    const saved = await put({ unregistered_event_types: "accept", storage });
    expect(await saved.json()).toMatchObject({ storage });
    await put({ unregistered_event_types: "reject" });
    expect(await get()).toMatchObject({ unregistered_event_types: "reject", storage });
  });

  it("need an admin key, even to be read", async () => {
    expect((await ask(PATH, { headers: { Authorization: "Bearer eye_r_local" } })).status).toBe(403);
  });
});
