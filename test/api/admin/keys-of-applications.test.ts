import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { ApplicationSchema, RotatedKeySchema } from "../../../src/api/admin/application-schemas";
import { seedLocalKeys } from "../../http/auth/seed";
import { ask } from "../ask";

import { create, post, rotate, show, statusOf } from "./administering";

beforeAll(seedLocalKeys);

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
