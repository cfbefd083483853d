import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { version } from "../../package.json";
import { seedLocalKeys } from "../http/auth/seed";
import { ask } from "./ask";

beforeAll(seedLocalKeys);

const WITHOUT_KEY = { headers: { Authorization: "none" } };

function failing<Binding extends object>(binding: Binding): Binding {
  return new Proxy(binding, {
    get() {
      throw new Error("binding failed");
    },
  });
}

describe("GET /health", () => {
  it("tells that the Worker lives, and its version, without a key", async () => {
    const response = await ask("/health", WITHOUT_KEY);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: "ok", version });
  });

  it("touches nothing without a key", async () => {
    const bindings = { ...env, KEYS: failing(env.KEYS), DB: failing(env.DB), EVENTS: failing(env.EVENTS) };
    expect((await ask("/health", WITHOUT_KEY, bindings)).status).toBe(200);
  });

  it("tells each dependency and the backlog to an admin key", async () => {
    const response = await ask("/health");
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      status: "ok",
      dependencies: {
        KEYS: { status: "ok", ms: expect.any(Number) },
        DB: { status: "ok", ms: expect.any(Number) },
        EVENTS: { status: "ok", backlog: { messages: expect.any(Number), bytes: expect.any(Number) } },
        DEAD_LETTERS: { status: "ok", backlog: { messages: expect.any(Number), bytes: expect.any(Number) } },
        REPLAYS: { status: "ok", backlog: { messages: expect.any(Number), bytes: expect.any(Number) } },
      },
    });
  });

  it("is degraded while a database fails, and says which", async () => {
    const bindings = {
      ...env,
      DB: new Proxy(env.DB, { get: (target, member) => (member === "prepare" ? fail : Reflect.get(target, member)) }),
    };
    const response = await ask("/health", {}, bindings);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      status: "degraded",
      dependencies: { DB: { status: "failed" }, KEYS: { status: "ok" } },
    });
  });

  it("says that a backlog is unknown where the platform does not tell it", async () => {
    const silent = new Proxy(env.EVENTS, {
      get: (target, member) => (member === "metrics" ? undefined : Reflect.get(target, member)),
    });
    const response = await ask("/health", {}, { ...env, EVENTS: silent });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ dependencies: { EVENTS: { status: "ok", backlog: "unknown" } } });
  });

  it.each([
    ["Bearer eye_r_local", 403],
    ["Bearer nonsense", 401],
  ])("refuses %s", async (authorization, status) => {
    expect((await ask("/health", { headers: { Authorization: authorization } })).status).toBe(status);
  });
});

function fail(): never {
  throw new Error("no such table");
}
