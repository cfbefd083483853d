import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { problemPage } from "../../src/api/docs/problem-pages";
import { databasesOf } from "../../src/storage/core/databases";
import { seedLocalKeys } from "../http/auth/seed";
import { errorRow, eventRow, MORNING, store } from "../storage/seed";
import { ask } from "./ask";

/** Cases that newcomers or outsiders got wrong, or that had unhelpful messages. */

const WRITE = { Authorization: "Bearer eye_w_local" };

beforeAll(async () => {
  await seedLocalKeys();
  const events = [0, 1, 2].map((n) => eventRow({ application: "demo", session: `s${n}`, occurredAt: MORNING + n }));
  const errors = [0, 1, 2].map((n) => errorRow({ application: "demo", receivedAt: MORNING + n }));
  await store(databasesOf(env), { events, errors });
});

async function send(path: string, body = "{}", headers: Record<string, string> = {}): Promise<Response> {
  return ask(path, { method: "POST", body, headers: { ...WRITE, ...headers } });
}

async function detailOf(response: Response): Promise<string> {
  expect(response.status).toBe(400);
  const { detail } = await response.json<{ detail: string }>();
  return detail;
}

describe("the ingest endpoint", () => {
  it.each(["?foo=1", "?dry-run=1", "?Dry_Run=1", "?dry_run=1&foo", "/?foo=1"])(
    "refuses the parameters of %s",
    async (query) => {
      const response = await send(`/theeye/events${query}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ code: "invalid_parameter", takes: ["dry_run", "key"] });
    },
  );

  it("accepts an escaped parameter name", async () => {
    const response = await send("/theeye/events?dry%5Frun=1");
    expect(response.status).toBe(200);
    expect(await response.json()).toHaveProperty("results");
  });

  it("accepts a key in the query", async () => {
    const response = await ask("/theeye/events?key=eye_w_local&dry_run=1", {
      ...{ method: "POST", body: "{}", headers: { Authorization: "none" } },
    });
    expect(response.status).toBe(200);
  });

  it.each(["session_id", "category", "name", "visitor_id"])("refuses %s that no path can contain", async (member) => {
    for (const value of [".", ".."]) {
      const event = {
        session_id: "s",
        category: "c",
        name: "n",
        data: {},
        timestamp: "2021-01-01 00:00:00",
        [member]: value,
      };
      const { results } = await (await send("/theeye/events?dry_run=1", JSON.stringify(event))).json<{
        results: { issues: { path: string }[] }[];
      }>();
      expect(results[0]?.issues.map(({ path }) => path)).toEqual([`/${member}`]);
    }
  });
});

describe("every answer", () => {
  it.each([
    ["GET", "/theeye/events"],
    ["GET", "/theeye/applications"],
    ["GET", "/theeye/nothing"],
    ["PUT", "/theeye/events"],
    ["GET", "/health"],
    ["GET", "/openapi.json"],
    ["POST", "/theeye/events?dry_run=1"],
    ["POST", "/theeye/events?foo=1"],
  ])("prevents browsers from guessing its type: %s %s", async (method, path) => {
    const response = await ask(path, { method, ...(method === "POST" ? { body: "{}", headers: WRITE } : {}) });
    expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
  });
});

describe("behind a proxy with a prefix", () => {
  it.each(["events", "errors", "sessions", "applications", "exports"])(
    "`next` of %s leads back through the proxy",
    async (list) => {
      await ask("/theeye/applications", { method: "POST", body: '{"name":"other"}' });
      const path = `/theeye/${list}?limit=1`;
      const response = await ask(path);
      const link = /^<(.*)>; rel="next"$/.exec(response.headers.get("Link") ?? "")?.[1] ?? "";
      const next = new URL(link, `https://proxy.example/eye${path}`);
      expect(next.origin + next.pathname).toBe(`https://proxy.example/eye/theeye/${list}`);
      const following = await ask(next.pathname.replace("/eye/", "/") + next.search);
      expect(following.status).toBe(200);
    },
  );

  it("the reference page finds its files and the document", async () => {
    const page = await (await ask("/")).text();
    const script = await (await ask("/swagger-ui/init.js")).text();
    expect(page).not.toMatch(/(src|href)="\//);
    expect(script).toContain('url: "openapi.json"');
    const { servers } = await (await ask("/openapi.json")).json<{ servers: { url: string }[] }>();
    expect(new URL(servers[0]?.url ?? "", "https://proxy.example/eye/openapi.json").href).toBe(
      "https://proxy.example/eye/",
    );
  });
});

describe("a refusal explains the problem and what is accepted", () => {
  it.each([
    [
      { edits: [{ op: "sett", path: "/data/x", value: 1 }] },
      /edits\.0\.op: expected set, rename, copy, .*found "sett"/,
    ],
    [{ patch: [{ op: "sett", path: "/data/x", value: 1 }] }, /patch\.0\.op: expected add, replace, .*found "sett"/],
    [{ edits: [{ path: "/data/x" }] }, /edits\.0\.op: is missing/],
    [{ edits: ["set"] }, /edits\.0: expected/],
  ])("for the repair %j", async (repair, detail) => {
    const body = JSON.stringify({ filter: {}, repair });
    const response = await ask("/theeye/errors/replay?dry_run=1", { method: "POST", body });
    expect(await detailOf(response)).toMatch(detail);
  });

  it("for a receipt without a session", async () => {
    expect(await detailOf(await ask("/theeye/receipts?id=x"))).toBe(
      "The parameter session_id is not valid: it is missing.",
    );
  });

  it.each([5, {}, "5", { share: 0.1, failures: 1 }])("for the threshold %j", async (threshold) => {
    const alert = { name: "a", threshold, window_minutes: 5, webhook: { url: "https://hook.example/" } };
    const response = await ask("/theeye/alerts", { method: "POST", body: JSON.stringify(alert) });
    expect(await detailOf(response)).toContain('expected {"failures": 5}, or {"share": 0.1, "at_least": 20}');
  });

  it.each(["events", "errors", "errors/summary", "stats", "sessions", "sessions/stats", "retention", "exports"])(
    "for a filter by an unknown application: %s",
    async (list) => {
      expect(await detailOf(await ask(`/theeye/${list}?application=shopp`))).toContain("no application has this name");
    },
  );

  const hook = { url: "https://hook.example/" };
  const days = { events_days: 1, errors_days: null };
  const retention = { ...days, applications: { demo: days, shopp: days } };
  const storage = { hot_days: 30, hot_bytes: 6_000_000_000, retention };
  const step = { application: "shopp" };

  it.each([
    ["alerts", "application", { name: "a", ...step, threshold: { failures: 1 }, window_minutes: 5, webhook: hook }],
    [
      "alerts",
      "application",
      { name: "a", ...step, threshold: { metric: "events", above: 1 }, window_minutes: 5, webhook: hook },
    ],
    ["funnels", "steps.1.application", { steps: [{ application: "demo" }, step] }],
    ["paths", "start.application", { start: step }],
    ["paths", "end.application", { start: {}, end: step }],
    ["paths", "events.application", { start: {}, events: step }],
    ["errors/replay", "filter.application", { filter: step }],
    ["applications/demo/keys", "applications", { scope: "read", applications: ["shopp"] }],
    ["PUT settings", "storage.retention.applications.shopp", { unregistered_event_types: "accept", storage }],
    ["PUT questions/q", "application", { kind: "stats", question: step }],
    ["PUT questions/q", "steps.0.application", { kind: "funnels", question: { steps: [step, {}] } }],
  ])("for an unknown application in the body of %s: %s", async (path, parameter, body) => {
    const [method, target] = path.startsWith("PUT ") ? ["PUT", path.slice(4)] : ["POST", path];
    const response = await ask(`/theeye/${target}`, { method, body: JSON.stringify(body) });
    expect(await response.json()).toMatchObject({ status: 400, code: "invalid_parameter", parameter });
  });

  it("on the page of an event's code, which refers to repair and replay", () => {
    expect(problemPage("timestamp_invalid")?.fix).toContain("POST /theeye/errors/replay");
  });
});
