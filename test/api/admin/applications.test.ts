import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { ApplicationPageSchema, NewApplicationSchema } from "../../../src/api/admin/application-schemas";
import { encodeCursor, questionFingerprint } from "../../../src/model/cursor";
import { seedLocalKeys } from "../../http/auth/seed";
import { ask } from "../ask";

import { create, post, show, statusOf } from "./administering";

beforeAll(seedLocalKeys);

describe("creating an application", () => {
  it("shows a write key and a read key that work", async () => {
    const response = await post("", { name: "new-shop" });
    expect(response.status).toBe(201);
    expect(response.headers.get("Location")).toBe("../theeye/applications/new-shop");
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    const { keys } = v.parse(NewApplicationSchema, await response.json());
    expect(keys.map(({ scope }) => scope)).toEqual(["write", "read"]);
    expect(await statusOf(keys[0]?.key ?? "")).toEqual({ send: 200, list: 403 });
    expect(await statusOf(keys[1]?.key ?? "")).toEqual({ send: 403, list: 403 });
  });

  it("never shows or stores a key again", async () => {
    const { keys } = await create("secret-shop");
    const shown = await (await ask("/theeye/applications/secret-shop")).text();
    const published = await Promise.all((await env.KEYS.list()).keys.map(({ name }) => env.KEYS.get(name)));
    const registered = await env.DB.prepare("SELECT * FROM application_keys").all();
    const stored = JSON.stringify([published, registered.results]);
    for (const { key, hint } of keys) {
      expect(shown).not.toContain(key);
      expect(stored).not.toContain(key);
      expect(shown).toContain(hint);
      expect(key.endsWith(hint)).toBe(true);
    }
    expect(shown).not.toContain("hash");
  });

  it("limits the write key to origins", async () => {
    const { keys } = await create("bound-shop", { origins: ["https://shop.example"] });
    const send = async (origin: string) => {
      const headers = { Authorization: `Bearer ${keys[0]?.key}`, Origin: origin };
      return (await ask("/theeye/events?dry_run=1", { method: "POST", body: "{}", headers })).status;
    };
    expect(await send("https://shop.example")).toBe(200);
    expect(await send("https://other.example")).toBe(403);
    expect(keys[1]?.origins).toBeUndefined();
  });

  it("refuses a name that is taken", async () => {
    await create("taken");
    const response = await post("", { name: "taken" });
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ code: "conflict" });
  });

  it.each([["Upper"], [""], ["-first"], ["x".repeat(65)], ["a b"], [5]])("refuses the name %j", async (name) => {
    const response = await post("", { name });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "invalid_parameter", parameter: "name" });
  });
});

describe("listing applications", () => {
  it("pages through all of them, each once", async () => {
    for (let i = 0; i < 5; i++) await create(`listed-${i}`);
    const names: string[] = [];
    let path: string | null = "/theeye/applications?limit=2";
    while (path !== null) {
      const response: Response = await ask(path);
      const page: v.InferOutput<typeof ApplicationPageSchema> = v.parse(ApplicationPageSchema, await response.json());
      expect(page.results.length).toBeLessThanOrEqual(2);
      expect(response.headers.get("Link")).toBe(page.next === null ? null : `<${page.next}>; rel="next"`);
      names.push(...page.results.map(({ name }) => name));
      path = page.next === null ? null : `/theeye/applications${page.next}`;
    }
    expect(names.filter((name) => name.startsWith("listed-"))).toEqual([0, 1, 2, 3, 4].map((i) => `listed-${i}`));
    expect(new Set(names).size).toBe(names.length);
  });

  it("forbids caching, and refuses cursors of other lists", async () => {
    const response = await ask("/theeye/applications?limit=1");
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    const { next } = v.parse(ApplicationPageSchema, await response.json());
    const cursor = new URL(next ?? "", "https://eye.example").searchParams.get("cursor");
    const foreign = await ask(`/theeye/replays?cursor=${cursor}`);
    expect(foreign.status).toBe(400);
    const replays = encodeCursor(questionFingerprint({ list: "replays" }), [1, "a"]);
    const refused = await ask(`/theeye/applications?cursor=${replays}`);
    expect(await refused.json()).toMatchObject({ code: "invalid_parameter", parameter: "cursor" });
  });

  it.each([
    ["limit=0", "limit"],
    ["limit=101", "limit"],
    ["limit=ten", "limit"],
    ["size=3", "size"],
  ])("refuses ?%s", async (query, parameter) => {
    const response = await ask(`/theeye/applications?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "invalid_parameter", parameter });
  });
});

describe("revoking", () => {
  it("revokes one key and leaves the others", async () => {
    const { keys } = await create("revoking");
    const path = `/theeye/applications/revoking/keys/${keys[0]?.id}`;
    expect((await statusOf(keys[0]?.key ?? "")).send).toBe(200);
    expect((await ask(path, { method: "DELETE" })).status).toBe(204);
    expect((await statusOf(keys[0]?.key ?? "")).send).toBe(401);
    expect((await statusOf(keys[1]?.key ?? "")).send).toBe(403);
    expect((await ask(path, { method: "DELETE" })).status).toBe(404);
    expect((await show("revoking")).keys.map(({ id }) => id)).toEqual([keys[1]?.id]);
  });

  it("deleting an application revokes all its keys", async () => {
    const { keys } = await create("ending");
    expect((await ask("/theeye/applications/ending", { method: "DELETE" })).status).toBe(204);
    for (const { key } of keys) expect((await statusOf(key)).send).toBe(401);
    expect((await ask("/theeye/applications/ending")).status).toBe(404);
    await create("ending");
  });
});

it.each([
  ["GET", ""],
  ["DELETE", ""],
  ["PATCH", ""],
  ["POST", "/keys"],
  ["DELETE", "/keys/1"],
])("answers %s for an application that does not exist with 404", async (method, path) => {
  const bodies: Record<string, string> = { POST: '{"scope":"read"}', PATCH: '{"origins":null}' };
  const body = bodies[method] ?? null;
  const response = await ask(`/theeye/applications/nobody${path}`, { method, body });
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: "not_found" });
});

it.each([502, 2_000])("answers a name of %d characters with 404", async (length) => {
  const response = await ask(`/theeye/applications/${"x".repeat(length)}`);
  expect(response.status).toBe(404);
});

it.each([["eye_r_local"], ["eye_w_local"]])("refuses %s", async (key) => {
  const response = await ask("/theeye/applications", { headers: { Authorization: `Bearer ${key}` } });
  expect(response.status).toBe(403);
});
