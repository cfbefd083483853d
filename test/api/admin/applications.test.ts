import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import {
  ApplicationPageSchema,
  ApplicationSchema,
  NewApplicationSchema,
  RotatedKeySchema,
} from "../../../src/api/admin/application-schemas";
import { isolateKeyCache } from "../../../src/http/auth/authenticate";
import { encodeCursor, questionFingerprint } from "../../../src/model/cursor";
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

/** What a key can do: the status of a send, which stores nothing, and of a query. */
async function statusOf(key: string): Promise<{ send: number; list: number }> {
  const headers = { Authorization: `Bearer ${key}` };
  const send = await ask("/theeye/events?dry_run=1", { method: "POST", body: "{}", headers });
  const list = await ask("/theeye/applications", { headers });
  return { send: send.status, list: list.status };
}

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

describe("rotating keys", () => {
  it("keeps two keys of a scope valid, and revokes the oldest for a third", async () => {
    const { keys } = await create("rotating");
    const first = keys[0]?.key ?? "";
    const second = await rotate("rotating", "write");
    expect(second.revoked).toEqual([]);
    expect((await statusOf(first)).send).toBe(200);
    expect((await statusOf(second.key)).send).toBe(200);

    const third = await rotate("rotating", "write");
    expect(third.revoked.map(({ id }) => id)).toEqual([keys[0]?.id]);
    expect((await statusOf(first)).send).toBe(401);
    expect((await statusOf(second.key)).send).toBe(200);
    expect((await statusOf(third.key)).send).toBe(200);
    expect((await show("rotating")).keys.map(({ id }) => id)).toEqual([keys[1]?.id, second.id, third.id]);
  });

  it("creates admin keys, which cannot send", async () => {
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

describe("origins", () => {
  const SHOP = ["https://shop.example"];

  async function change(name: string, body: unknown): Promise<Response> {
    return ask(`/theeye/applications/${name}`, { method: "PATCH", body: JSON.stringify(body) });
  }

  async function send(key: string, origin: string): Promise<Response> {
    const headers = { Authorization: `Bearer ${key}`, Origin: origin };
    return ask("/theeye/events?dry_run=1", { method: "POST", body: "{}", headers });
  }

  it("are inherited by rotation", async () => {
    await create("inheriting", { origins: SHOP });
    const rotated = await rotate("inheriting", "write");
    expect(rotated.origins).toEqual(SHOP);
    expect((await send(rotated.key, "https://other.example")).status).toBe(403);
    const given = await post("/inheriting/keys", { scope: "write", origins: ["https://new.example"] });
    expect(await given.json()).toMatchObject({ origins: ["https://new.example"] });
    expect((await rotate("inheriting", "write")).origins).toEqual(["https://new.example"]);
  });

  it("are inherited if every write key was revoked", async () => {
    const { keys } = await create("revoked-all", { origins: SHOP });
    await ask(`/theeye/applications/revoked-all/keys/${keys[0]?.id}`, { method: "DELETE" });
    expect((await rotate("revoked-all", "write")).origins).toEqual(SHOP);
  });

  it("are removed by null, and only by null", async () => {
    await create("lifting", { origins: SHOP });
    const lifted = await post("/lifting/keys", { scope: "write", origins: null });
    expect(await lifted.json()).toMatchObject({ origins: null });
  });

  it("change without a rotation, for existing keys and future ones", async () => {
    const { keys } = await create("changing", { origins: SHOP });
    const key = keys[0]?.key ?? "";
    expect((await send(key, "https://de.shop.example")).status).toBe(403);
    const changed = await change("changing", { origins: ["https://*.shop.example"] });
    expect(changed.status).toBe(200);
    expect(changed.headers.get("Cache-Control")).toBe("no-store");
    const body = v.parse(ApplicationSchema, await changed.json());
    expect(body.keys.map(({ origins }) => origins)).toEqual([["https://*.shop.example"], undefined]);
    const answer = await send(key, "https://de.shop.example");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("https://de.shop.example");
    expect((await send(key, "https://shop.example")).status).toBe(403);
    expect((await rotate("changing", "write")).origins).toEqual(["https://*.shop.example"]);
    await change("changing", { origins: null });
    expect((await send(key, "https://anything.example")).status).toBe(200);
  });

  it.each([[{}], [{ origins: [] }], [{ origins: ["https://*.com"] }], [{ origins: SHOP, name: "x" }], [[]]])(
    "refuses the change %j",
    async (body) => {
      await post("", { name: "unchanged" });
      expect((await change("unchanged", body)).status).toBe(400);
    },
  );
});

describe("a read key bound to applications", () => {
  async function makeKey(name: string, body: object) {
    const response = await post(`/${name}/keys`, body);
    expect(response.status).toBe(201);
    return v.parse(RotatedKeySchema, await response.json());
  }

  it("is created by rotating a limited key; null removes the limit and adds a notice", async () => {
    const made = await create("binding");
    expect(made.keys[1]).toMatchObject({ applications: null, notice: expect.stringContaining("every application") });
    const bound = await makeKey("binding", { scope: "read", applications: ["binding"] });
    expect(bound).toMatchObject({ applications: ["binding"], revoked: [] });
    expect(bound.notice).toBeUndefined();
    expect((await makeKey("binding", { scope: "read" })).applications).toEqual(["binding"]);
    const lifted = await makeKey("binding", { scope: "read", applications: null });
    expect(lifted).toMatchObject({ applications: null, notice: expect.stringContaining("every application") });
  });

  it("is replaced only by one with the same applications", async () => {
    await create("kinds-a");
    await create("kinds");
    const first = await makeKey("kinds", { scope: "read", applications: ["kinds-a", "kinds"] });
    expect(first.revoked).toEqual([]);
    await makeKey("kinds", { scope: "read", applications: ["kinds"] });
    await makeKey("kinds", { scope: "read", applications: ["kinds", "kinds-a"] });
    const third = await makeKey("kinds", { scope: "read", applications: ["kinds", "kinds-a", "kinds"] });
    expect(third.revoked.map(({ id }) => id)).toEqual([first.id]);
  });

  it.each([
    [{ scope: "read", applications: ["nobody-here"] }],
    [{ scope: "read", applications: [] }],
    [{ scope: "read", applications: "shop" }],
    [{ scope: "write", applications: ["misbound"] }],
    [{ scope: "admin", applications: ["misbound"] }],
  ])("is refused for %j", async (body) => {
    await post("", { name: "misbound" });
    const response = await post("/misbound/keys", body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "invalid_parameter", parameter: "applications" });
  });
});

describe("many administrators at once", () => {
  it("never leave a key that works and is not listed", async () => {
    await create("crowded");
    const made = await Promise.all(Array.from({ length: 10 }, () => rotate("crowded", "admin")));
    const listed = (await show("crowded")).keys.filter(({ scope }) => scope === "admin").map(({ id }) => id);
    const working = await Promise.all(
      made.map(async ({ id, key }) => ((await statusOf(key)).list === 200 ? [id] : [])),
    );
    expect(working.flat().sort()).toEqual(listed.toSorted());
    expect(listed).toHaveLength(2);
    expect((await ask("/theeye/applications/crowded", { method: "DELETE" })).status).toBe(204);
    for (const { key } of made) expect((await statusOf(key)).list).toBe(401);
  });

  it("leave exactly the listed keys after 20 clients created, rotated and revoked keys", async () => {
    const keys = new Map<string, string>();
    const client = async (n: number) => {
      const name = `busy-${n % 3}`;
      for (const turn of [0, 1, 2]) {
        const created = await post("", { name });
        if (created.status === 201) {
          for (const { id, key } of v.parse(NewApplicationSchema, await created.json()).keys) keys.set(id, key);
        }
        const scope = (["read", "admin", "write"] as const)[(n + turn) % 3] ?? "read";
        const rotated = await post(`/${name}/keys`, { scope });
        if (rotated.status === 201) {
          const { id, key } = v.parse(RotatedKeySchema, await rotated.json());
          keys.set(id, key);
          if (n % 4 === turn) await ask(`/theeye/applications/${name}/keys/${id}`, { method: "DELETE" });
        }
        if (n === 7 + turn) await ask(`/theeye/applications/${name}`, { method: "DELETE" });
      }
    };
    await Promise.all(Array.from({ length: 20 }, (_, n) => client(n)));
    const listed = new Set<string>();
    for (const name of ["busy-0", "busy-1", "busy-2"]) {
      const response = await ask(`/theeye/applications/${name}`);
      if (response.status === 404) continue;
      for (const { id } of v.parse(ApplicationSchema, await response.json()).keys) listed.add(id);
    }
    isolateKeyCache.forget([...keys.keys()]);
    const works = async (key: string) => {
      const { send, list } = await statusOf(key);
      return send !== 401 && list !== 401;
    };
    const working = await Promise.all([...keys].map(async ([id, key]) => ((await works(key)) ? [id] : [])));
    expect(working.flat().sort()).toEqual([...listed].sort());
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
