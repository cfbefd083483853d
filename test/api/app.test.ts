import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { seedLocalKeys } from "../http/auth/seed";
import { ask } from "./ask";

beforeAll(seedLocalKeys);

const lines: unknown[] = [];
beforeEach(() => {
  lines.length = 0;
  for (const level of ["log", "error"] as const) {
    vi.spyOn(console, level).mockImplementation((line: string) => void lines.push(JSON.parse(line)));
  }
});
afterEach(() => vi.restoreAllMocks());

const WRITE = { Authorization: "Bearer eye_w_local" };

async function expectProblem(response: Response, status: number, code: string): Promise<void> {
  expect(response.status).toBe(status);
  expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject({
    type: expect.stringMatching(new RegExp(`^(\\.\\./)*problems/${code}$`)),
    status,
    code,
  });
}

describe("paths", () => {
  it.each(["/theeye/events", "/theeye/events/"])("accept events at %s", async (path) => {
    expect((await ask(path, { method: "POST", body: "{}", headers: WRITE })).status).toBe(202);
  });

  it.each([
    ["Authorization", "Bearer eye_w_local", ""],
    ["Authorization", "Token eye_w_local", ""],
    ["Authorization", `Basic ${btoa("eye_w_local:")}`, ""],
    ["X-Write-Key", "eye_w_local", ""],
    ["Accept", "*/*", "?key=eye_w_local"],
  ])("accept the key from %s: %s %s", async (name, value, query) => {
    const headers = name === "Authorization" ? { [name]: value } : { Authorization: "none", [name]: value };
    expect((await ask(`/theeye/events${query}`, { method: "POST", body: "{}", headers })).status).toBe(202);
  });

  it.each(["/nowhere", "/theeye", "/theeye/events/1", "/theeye/applications/a/b", "//theeye/events"])(
    "answer 404 at %s",
    async (path) => {
      await expectProblem(await ask(path), 404, "not_found");
    },
  );

  it.each([
    ["PUT", "/theeye/events", ["GET", "HEAD", "POST", "OPTIONS"]],
    ["DELETE", "/theeye/events/", ["GET", "HEAD", "POST", "OPTIONS"]],
    ["POST", "/theeye/sessions", ["GET", "HEAD"]],
    ["POST", "/theeye/sessions/1", ["GET", "HEAD", "DELETE"]],
    ["POST", "/health", ["GET", "HEAD"]],
    ["PATCH", "/theeye/applications", ["GET", "HEAD", "POST"]],
    ["POST", "/theeye/applications/demo", ["GET", "HEAD", "PATCH", "DELETE"]],
    ["GET", "/theeye/applications/demo/keys", ["POST"]],
  ])("answer 405 to %s %s and list the allowed methods", async (method, path, methods) => {
    const response = await ask(path, { method });
    expect(response.headers.get("Allow")?.split(", ").toSorted()).toEqual(methods.toSorted());
    await expectProblem(response, 405, "method_not_allowed");
  });

  it.each(["/health", "/theeye/applications"])("answer HEAD %s like GET, without a body", async (path) => {
    const response = await ask(path, { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
  });

  it.each([
    "/theeye/events",
    "/theeye/sessions",
    "/theeye/sessions/1",
    "/theeye/errors",
    "/theeye/stats",
    "/theeye/exports",
  ])("refuse a write key for reading %s", async (path) => {
    await expectProblem(await ask(path, { headers: WRITE }), 403, "forbidden");
  });
});

describe("failures", () => {
  it("are answered with 503, and the log says how to fix it, if the Worker is not configured", async () => {
    const bindings = { ...env, FUTURE_TOLERANCE_SECONDS: "soon" as unknown as 60 };
    await expectProblem(await ask("/health", {}, bindings), 503, "misconfigured");
    expect(lines).toContainEqual(expect.objectContaining({ message: expect.stringContaining("wrangler.toml") }));
  });

  it("never expose an exception's text", async () => {
    const database = new Proxy(env.DB, {
      get(target, member) {
        if (member === "prepare") throw new Error("D1 failed at colo ABC");
        const value: unknown = Reflect.get(target, member);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const response = await ask("/theeye/alerts", {}, { ...env, DB: database });
    expect(response.headers.get("Retry-After")).toMatch(/^[1-5]$/);
    expect(await response.clone().text()).not.toContain("colo");
    await expectProblem(response, 503, "unavailable");
  });

  it("are answered with 429 if the queue refuses more", async () => {
    const send = async () => {
      throw new Error("Queue send failed: Too Many Requests");
    };
    const queue = new Proxy(env.EVENTS, {
      get: (target, member) => (member === "send" ? send : Reflect.get(target, member)),
    });
    const response = await ask(
      "/theeye/events",
      { method: "POST", body: "{}", headers: WRITE },
      { ...env, EVENTS: queue },
    );
    expect(response.headers.get("Retry-After")).toMatch(/^[1-5]$/);
    await expectProblem(response, 429, "rate_limited");
  });
});

describe("the log", () => {
  it("has one line for a refused request, with neither key nor payload", async () => {
    await ask("/theeye/events?key=eye_w_local", {
      method: "POST",
      body: '{"password": hunter2}',
      headers: { Authorization: "none" },
    });
    expect(lines).toEqual([
      {
        event: "request_refused",
        code: "invalid_json",
        status: 400,
        method: "POST",
        path: "/theeye/events",
        application: "demo",
      },
    ]);
  });

  it("shows whose key was refused", async () => {
    await ask("/theeye/events", { method: "POST", body: "{}", headers: { Authorization: "Bearer eye_r_local" } });
    expect(lines).toMatchObject([{ code: "forbidden", application: "demo" }]);
  });

  it("has none for an accepted request", async () => {
    await ask("/theeye/events", { method: "POST", body: "{}", headers: WRITE });
    expect(lines).toEqual([]);
  });
});
