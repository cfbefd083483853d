import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { version } from "../../package.json";
import { observed } from "../../src/http/local-mode";
import { databasesOf } from "../../src/storage/core/databases";
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
  it("returns the status and the version without a key", async () => {
    const response = await ask("/health", WITHOUT_KEY);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: "ok", version });
  });

  it("accesses no dependency without a key", async () => {
    const bindings = { ...env, KEYS: failing(env.KEYS), DB: failing(env.DB), EVENTS: failing(env.EVENTS) };
    expect((await ask("/health", WITHOUT_KEY, bindings)).status).toBe(200);
  });

  it("shows each dependency and the backlog to an admin key", async () => {
    const response = await ask("/health");
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      status: "ok",
      dependencies: {
        KEYS: { status: "ok", ms: expect.any(Number) },
        DB: { status: "ok", ms: expect.any(Number) },
        EVENTS: { status: "ok", backlog: { messages: expect.any(Number), bytes: expect.any(Number) } },
        DEAD_LETTERS: { status: "ok", backlog: { messages: expect.any(Number), bytes: expect.any(Number) } },
        JOBS: { status: "ok", backlog: { messages: expect.any(Number), bytes: expect.any(Number) } },
        REPLAYS: { status: "ok", backlog: { messages: expect.any(Number), bytes: expect.any(Number) } },
      },
    });
  });

  it("is degraded if a database fails, and shows which one", async () => {
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

  it("is degraded if a database lacks a table", async () => {
    await databaseAt(1).prepare("ALTER TABLE replays RENAME TO replays_away").run();
    const response = await ask("/health");
    await databaseAt(1).prepare("ALTER TABLE replays_away RENAME TO replays").run();
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ dependencies: { DB: { status: "ok" }, DB_1: { status: "failed" } } });
    expect((await ask("/health")).status).toBe(200);
  });

  it("is degraded if a database refuses writes, even if it answers", async () => {
    await databaseAt(2)
      .prepare(
        "CREATE TRIGGER full BEFORE INSERT ON write_probe BEGIN SELECT RAISE(ABORT, 'Exceeded maximum DB size'); END",
      )
      .run();
    const response = await ask("/health");
    await databaseAt(2).prepare("DROP TRIGGER full").run();
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ dependencies: { DB: { status: "ok" }, DB_2: { status: "failed" } } });
  });

  it("reports a wrong setting and how to fix it", async () => {
    const broken: Env = { ...env, LOCAL_MODE: "perhaps" as "false" };
    for (const path of ["/health", "/theeye/events"]) {
      const response = await ask(path, {}, broken);
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({
        code: "misconfigured",
        detail: expect.stringContaining("LOCAL_MODE is not valid. Set it under [vars]"),
      });
    }
    const posted = await ask("/theeye/events", { method: "POST", body: "{}" }, broken);
    expect(await posted.json()).toMatchObject({ code: "misconfigured" });
  });

  it("reports an unknown backlog if the platform does not return it", async () => {
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

describe("POST /health/drain", () => {
  const local: Env = { ...env, LOCAL_MODE: "true" as "false" };

  it("does not exist in a deployment", async () => {
    expect((await ask("/health/drain", { method: "POST" })).status).toBe(404);
    expect(
      (await ask("/health/drain", { method: "POST", headers: { Authorization: "Bearer eye_w_local" } }, local)).status,
    ).toBe(403);
  });

  it("accepts no more events, and counts messages that are delivered but not acknowledged", async () => {
    const message = { id: "m", timestamp: new Date(), body: "", attempts: 1, ack: () => {}, retry: () => {} };
    const metadata = { metrics: { backlogCount: 0, backlogBytes: 0 } };
    const noted = observed({ queue: "q", metadata, messages: [message], ackAll: () => {}, retryAll: () => {} });
    const drain = async () => (await ask("/health/drain", { method: "POST" }, local)).json();
    const before = await drain();
    noted.messages[0]?.retry();
    expect(await drain()).toEqual(before);
    noted.messages[0]?.ack();
    expect(await drain()).toEqual({ waiting: (before as { waiting: number }).waiting - 1 });
    const headers = { Authorization: "Bearer eye_w_local" };
    const refused = await ask("/theeye/events", { method: "POST", body: "{}", headers }, local);
    expect([refused.status, await refused.json()]).toMatchObject([503, { code: "unavailable" }]);
  });
});

function databaseAt(index: number): D1Database {
  const database = databasesOf(env)[index];
  if (database === undefined) throw new Error("three databases");
  return database.binding;
}

function fail(): never {
  throw new Error("no such table");
}
