import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import {
  ApplicationPageSchema,
  ApplicationSchema,
  NewApplicationSchema,
  RotatedKeySchema,
} from "../../../src/api/admin/application-schemas";
import { applicationEntry } from "../../../src/http/auth/keys";
import { seedLocalKeys } from "../../http/auth/seed";
import { ask } from "../ask";

beforeAll(seedLocalKeys);

async function post(path: string, body: unknown): Promise<Response> {
  return ask(`/theeye/applications${path}`, { method: "POST", body: JSON.stringify(body) });
}

async function create(name: string, more: object = {}) {
  const response = await post("", { name, ...more });
  expect(response.status).toBe(201);
  return v.parse(NewApplicationSchema, await response.json());
}

async function rotate(name: string, scope: string) {
  const response = await post(`/${name}/keys`, { scope });
  expect(response.status).toBe(201);
  return v.parse(RotatedKeySchema, await response.json());
}

async function show(name: string) {
  return v.parse(ApplicationSchema, await (await ask(`/theeye/applications/${name}`)).json());
}

/** What a key may do: the status of a send and of a question. */
async function statusOf(key: string): Promise<{ send: number; list: number }> {
  const headers = { Authorization: `Bearer ${key}` };
  const send = await ask("/theeye/events", { method: "POST", body: "{}", headers });
  const list = await ask("/theeye/applications", { headers });
  return { send: send.status, list: list.status };
}

describe("creating an application", () => {
  it("shows a write key and a read key that work", async () => {
    const response = await post("", { name: "new-shop" });
    expect(response.status).toBe(201);
    expect(response.headers.get("Location")).toBe("/theeye/applications/new-shop");
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    const { keys } = v.parse(NewApplicationSchema, await response.json());
    expect(keys.map(({ scope }) => scope)).toEqual(["write", "read"]);
    expect(await statusOf(keys[0]?.key ?? "")).toEqual({ send: 202, list: 403 });
    expect(await statusOf(keys[1]?.key ?? "")).toEqual({ send: 403, list: 403 });
  });

  it("never shows or stores a key again", async () => {
    const { keys } = await create("secret-shop");
    const shown = await (await ask("/theeye/applications/secret-shop")).text();
    const stored = await env.KEYS.get(applicationEntry("secret-shop"));
    for (const { key, hint } of keys) {
      expect(shown).not.toContain(key);
      expect(stored).not.toContain(key);
      expect(shown).toContain(hint);
      expect(key.endsWith(hint)).toBe(true);
    }
    expect(shown).not.toContain("hash");
  });

  it("binds the write key to origins", async () => {
    const { keys } = await create("bound-shop", { origins: ["https://shop.example"] });
    const send = async (origin: string) => {
      const headers = { Authorization: `Bearer ${keys[0]?.key}`, Origin: origin };
      return (await ask("/theeye/events", { method: "POST", body: "{}", headers })).status;
    };
    expect(await send("https://shop.example")).toBe(202);
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
  it("pages through all of them once", async () => {
    for (let i = 0; i < 5; i++) await create(`listed-${i}`);
    const names: string[] = [];
    let path: string | null = "/theeye/applications?limit=2";
    while (path !== null) {
      const response: Response = await ask(path);
      const page: v.InferOutput<typeof ApplicationPageSchema> = v.parse(ApplicationPageSchema, await response.json());
      expect(page.results.length).toBeLessThanOrEqual(2);
      expect(response.headers.get("Link")).toBe(page.next === null ? null : `<${page.next}>; rel="next"`);
      names.push(...page.results.map(({ name }) => name));
      path = page.next === null ? null : page.next.slice("https://eye.example".length);
    }
    expect(names.filter((name) => name.startsWith("listed-"))).toEqual([0, 1, 2, 3, 4].map((i) => `listed-${i}`));
    expect(new Set(names).size).toBe(names.length);
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

describe("rotating keys", () => {
  it("keeps two keys of a scope live, and ends the oldest for a third", async () => {
    const { keys } = await create("rotating");
    const first = keys[0]?.key ?? "";
    const second = await rotate("rotating", "write");
    expect(second.revoked).toEqual([]);
    expect((await statusOf(first)).send).toBe(202);
    expect((await statusOf(second.key)).send).toBe(202);

    const third = await rotate("rotating", "write");
    expect(third.revoked.map(({ id }) => id)).toEqual([keys[0]?.id]);
    expect((await statusOf(first)).send).toBe(401);
    expect((await statusOf(second.key)).send).toBe(202);
    expect((await statusOf(third.key)).send).toBe(202);
    expect((await show("rotating")).keys.map(({ id }) => id)).toEqual([keys[1]?.id, second.id, third.id]);
  });

  it("makes admin keys, which may not send", async () => {
    await create("administered");
    expect(await statusOf((await rotate("administered", "admin")).key)).toEqual({ send: 403, list: 200 });
  });

  it.each([
    [{ scope: "owner" }, "scope"],
    [{}, "scope"],
    [{ scope: "read", origins: ["https://shop.example"] }, "origins"],
  ])("refuses %j", async (body, parameter) => {
    await post("", { name: "refusing" });
    const response = await post("/refusing/keys", body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "invalid_parameter", parameter });
  });
});

describe("revoking", () => {
  it("ends one key and leaves the others", async () => {
    const { keys } = await create("revoking");
    const path = `/theeye/applications/revoking/keys/${keys[0]?.id}`;
    expect((await statusOf(keys[0]?.key ?? "")).send).toBe(202);
    expect((await ask(path, { method: "DELETE" })).status).toBe(204);
    expect((await statusOf(keys[0]?.key ?? "")).send).toBe(401);
    expect((await statusOf(keys[1]?.key ?? "")).send).toBe(403);
    expect((await ask(path, { method: "DELETE" })).status).toBe(404);
    expect((await show("revoking")).keys.map(({ id }) => id)).toEqual([keys[1]?.id]);
  });

  it("ends an application with all its keys", async () => {
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
  ["POST", "/keys"],
  ["DELETE", "/keys/1"],
])("answers %s on an application that is not there with 404", async (method, path) => {
  const body = method === "POST" ? JSON.stringify({ scope: "read" }) : null;
  const response = await ask(`/theeye/applications/nobody${path}`, { method, body });
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: "not_found" });
});

it.each([["eye_r_local"], ["eye_w_local"]])("is closed to %s", async (key) => {
  const response = await ask("/theeye/applications", { headers: { Authorization: `Bearer ${key}` } });
  expect(response.status).toBe(403);
});
