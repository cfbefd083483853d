import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { ask } from "../api/ask";
import { seedLocalKeys } from "../http/auth/seed";
import { SAMPLE_EVENTS } from "../pipeline/sample-events";

const write = { Authorization: "Bearer eye_w_local" };

/** An environment whose queue must not be touched. */
const queueless = {
  ...env,
  EVENTS: new Proxy({}, { get: () => () => Promise.reject(new Error("something was queued")) }),
} as unknown as Env;

/** A database that cannot be reached. */
const away = {
  prepare: () => {
    throw new Error("D1_ERROR: Network connection lost.");
  },
} as unknown as D1Database;

const dryRun = (body: string, query = "?dry_run=1", bindings = queueless) =>
  ask(`/theeye/events${query}`, { method: "POST", headers: write, body }, bindings);

beforeAll(async () => {
  await seedLocalKeys();
  const register = (name: string, more: object) =>
    ask(`/theeye/event-types/dry/${name}`, {
      method: "PUT",
      body: JSON.stringify({ schema: { required: ["a"] }, ...more }),
    });
  expect((await register("enforced", {})).status).toBe(201);
  expect((await register("reported", { schema_mode: "shadow" })).status).toBe(201);
});

describe("a dry run", () => {
  it("returns the verdict on each event in the order sent and queues nothing", async () => {
    const event = { ...SAMPLE_EVENTS[0], category: "dry", data: {} };
    const events = [SAMPLE_EVENTS[0], { ...event, name: "enforced" }, { ...event, name: "reported" }, 7];
    const issue = { code: "schema_violation", path: "/data", message: 'expected the member "a", found none' };
    const response = await dryRun(JSON.stringify(events));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      results: [
        { ok: true },
        { ok: false, issues: [issue] },
        { ok: true, shadow: [issue] },
        { ok: false, issues: [{ code: "event_invalid", path: "", message: "expected a JSON object, found 7" }] },
      ],
    });
  });

  it("warns about members that the format does not name, whatever the verdict", async () => {
    const { session_id, ...rest } = SAMPLE_EVENTS[0];
    const response = await dryRun(
      JSON.stringify([
        { ...SAMPLE_EVENTS[0], props: {} },
        { ...rest, sessionId: session_id },
      ]),
    );
    const message = "kept under `extra`: the format does not name this member";
    expect(await response.json()).toMatchObject({
      results: [
        { ok: true, warnings: [{ path: "/props", message }] },
        { ok: false, warnings: [{ path: "/sessionId", message: `${message}; did you mean \`session_id\`?` }] },
      ],
    });
  });

  it("has the same limits as a real request", async () => {
    const deep = `${'{"a":'.repeat(70)}1${"}".repeat(70)}`;
    const large = JSON.stringify({ ...SAMPLE_EVENTS[0], data: { text: "x".repeat(40_000) } });
    const response = await dryRun(
      `[${JSON.stringify({ ...SAMPLE_EVENTS[0] }).replace('"data":{', `"data":{"deep":${deep},`)},${large}]`,
    );
    const { results } = (await response.json()) as { results: { issues: { code: string }[] }[] };
    expect(results.map(({ issues }) => issues.map(({ code }) => code))).toEqual([
      ["event_invalid"],
      ["event_too_large"],
    ]);
    expect((await dryRun("[]")).status).toBe(400);
    expect((await dryRun("{")).status).toBe(400);
  });

  it("is requested with 1 or true; every value but these, 0 and false is refused", async () => {
    for (const query of ["?dry_run=2", "?dry_run=", "?dry_run=1&dry_run=0"]) {
      const refused = await dryRun("{}", query);
      expect([refused.status, await refused.json()]).toMatchObject([400, { parameter: "dry_run" }]);
    }
    expect((await dryRun(JSON.stringify(SAMPLE_EVENTS[0]), "?dry_run=0", env)).status).toBe(202);
  });

  it("requires a write key", async () => {
    const answer = await ask("/theeye/events?dry_run=1", {
      method: "POST",
      headers: { Authorization: "Bearer eye_r_local" },
    });
    expect(answer.status).toBe(403);
  });

  it("is refused if the rules cannot be read", async () => {
    const answer = await dryRun("{}", "?dry_run=1", { ...queueless, DB: away });
    expect([answer.status, await answer.json()]).toMatchObject([503, { code: "unavailable" }]);
    // Events are still accepted, since the collector reads no database.
    expect((await dryRun(JSON.stringify(SAMPLE_EVENTS[0]), "", { ...env, DB: away })).status).toBe(202);
  });

  it("uses the rules in force now: a change counts after its lead", async () => {
    const path = "/theeye/event-types/dry/later";
    const leading = { ...queueless, RULE_LEAD_SECONDS: 3600 } as unknown as Env;
    const registered = await ask(path, { method: "PUT", body: JSON.stringify({ mode: "reject" }) }, leading);
    expect(registered.status).toBe(201);
    const event = { ...SAMPLE_EVENTS[0], category: "dry", name: "later", data: {} };
    const { results } = (await (await dryRun(JSON.stringify([event]))).json()) as { results: { ok: boolean }[] };
    expect(results).toEqual([{ ok: true }]);
  });
});
