import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { SavedQuestionListSchema, SavedQuestionSchema } from "../../../src/api/questions/saved-question-schemas";
import { FunnelResponse } from "../../../src/api/sequences/funnels";
import { saveQuestion } from "../../../src/storage/admin/saved-questions";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { MAX_PAGE_CONTENT } from "../../../src/storage/core/read-limits";
import { seedLocalKeys } from "../../http/auth/seed";
import { eventRow, MINUTE, MORNING, store } from "../../storage/seed";
import { ask } from "../ask";

const read = { Authorization: "Bearer eye_r_local" };

beforeAll(async () => {
  await seedLocalKeys();
  const events = Array.from({ length: 6 }, (_, n) =>
    eventRow({ session: `visit ${n % 3}`, occurredAt: MORNING + n * MINUTE, name: n < 3 ? "pageview" : "click" }),
  );
  await store(databasesOf(env), { events });
});

const funnel = { kind: "funnels", question: { steps: [{ name: "pageview" }, { name: "click" }] } };

function put(name: string, body: unknown): Promise<Response> {
  return ask(`/theeye/questions/${name}`, { method: "PUT", headers: read, body: JSON.stringify(body) });
}

function run(name: string, body?: unknown, query = ""): Promise<Response> {
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  return ask(`/theeye/questions/${name}/run${query}`, { method: "POST", headers: read, ...init });
}

async function saved(response: Response) {
  return v.parse(SavedQuestionSchema, await response.json());
}

const day = { start_date: "2021-01-01", end_date: "2021-01-01" };

describe("/theeye/questions", () => {
  it("saves a question in versions, and does nothing if it is identical", async () => {
    const first = await put("to-click", { ...funnel, description: "From view to click" });
    expect(first.status).toBe(201);
    expect(await saved(first)).toMatchObject({ name: "to-click", version: 1, ...funnel });
    expect(await saved(await put("to-click", { ...funnel, description: "From view to click" }))).toMatchObject({
      version: 1,
    });
    const second = await put("to-click", { ...funnel, question: { ...funnel.question, within_seconds: 60 } });
    expect(second.status).toBe(200);
    expect(await saved(second)).toMatchObject({ version: 2, description: null });
    const shown = await saved(await ask("/theeye/questions/to-click"));
    expect(shown.question).toEqual({ ...funnel.question, within_seconds: 60 });
    expect(await saved(await ask("/theeye/questions/to-click?version=1"))).toMatchObject({ question: funnel.question });
    const versions = v.parse(SavedQuestionListSchema, await (await ask("/theeye/questions/to-click/versions")).json());
    expect(versions.results.map(({ version }) => version)).toEqual([2, 1]);
  });

  it("runs a question by name, over another range and in an older version", async () => {
    const counts = async (response: Response) => {
      expect(response.status).toBe(200);
      return v.parse(FunnelResponse, await response.json()).steps.map(({ count }) => count);
    };
    expect(await counts(await run("to-click", day, "?version=1"))).toEqual([3, 3]);
    expect(await counts(await run("to-click", day))).toEqual([3, 0]);
    // Without dates: the latest days, which have no events.
    expect(await counts(await run("to-click"))).toEqual([0, 0]);
  });

  it("runs questions of every kind", async () => {
    const questions = [
      { kind: "paths", question: { ...day, start: {}, by: "name" } },
      { kind: "retention", question: { ...day, interval: "day" } },
      { kind: "stats", question: { ...day, interval: "day", group_by: "name" } },
      { kind: "session_stats", question: { ...day, interval: "day" } },
    ];
    for (const question of questions) {
      const name = question.kind.replace("_", "-");
      expect((await put(name, question)).status).toBe(201);
      expect((await run(name)).status).toBe(200);
      expect((await run(name, { end_date: "2021-01-02" })).status).toBe(200);
    }
    const { results } = v.parse(SavedQuestionListSchema, await (await ask("/theeye/questions")).json());
    expect(results.map(({ name }) => name)).toEqual(["paths", "retention", "session-stats", "stats", "to-click"]);
  });

  it("removes a question, but keeps its versions", async () => {
    const remove = () => ask("/theeye/questions/paths", { method: "DELETE", headers: read });
    expect((await remove()).status).toBe(204);
    expect((await remove()).status).toBe(404);
    expect((await ask("/theeye/questions/paths")).status).toBe(404);
    expect((await run("paths")).status).toBe(404);
    expect((await run("paths", undefined, "?version=1")).status).toBe(200);
    expect(await saved(await put("paths", { kind: "paths", question: { start: {} } }))).toMatchObject({ version: 3 });
  });

  it.each([
    ["UPPER", funnel, "name"],
    ["x", { ...funnel, kind: "guesses" }, "kind"],
    ["x", { kind: "funnels", question: "steps" }, "question"],
    ["x", { kind: "funnels", question: { steps: [{}] } }, "steps"],
    ["x", { kind: "stats", question: { interval: "moment" } }, "interval"],
    ["x", { kind: "retention", question: { weeks: 3 } }, "weeks"],
    ["x", { kind: "paths", question: { start: {}, more: "x".repeat(20_000) } }, "question"],
  ])("refuses %s %j with the problem of its operation", async (name, body, parameter) => {
    const response = await put(name, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "invalid_parameter", parameter });
    expect((await ask("/theeye/questions/x")).status).toBe(404);
  });

  it("refuses to override members other than range, time zone and accuracy", async () => {
    const response = await run("to-click", { steps: [] });
    expect(await response.json()).toMatchObject({ code: "invalid_parameter", parameter: "steps" });
  });

  it("lists questions and versions in pages that end early where they are long", async () => {
    const home = firstDatabase(databasesOf(env));
    // Each question is far longer here than one may be, so that few make a page.
    const question = { steps: ["x".repeat(MAX_PAGE_CONTENT / 4)] };
    for (const name of ["z1", "z2", "z3", "z4", "z5"]) {
      await saveQuestion(home, { name, version: 1, kind: "funnels", question, description: null, savedAt: 1 });
    }
    for (const version of [2, 3, 4, 5]) {
      await saveQuestion(home, { name: "z1", version, kind: "funnels", question, description: null, savedAt: 1 });
    }
    const pages = async (path: string, limit: number) => {
      const found: string[][] = [];
      for (let query: string | null = `?limit=${limit}`; query !== null; ) {
        const page: v.InferOutput<typeof SavedQuestionListSchema> = v.parse(
          SavedQuestionListSchema,
          await (await ask(path + query)).json(),
        );
        found.push(page.results.map(({ name, version }) => `${name} ${version}`));
        query = page.next;
      }
      return found;
    };
    expect(await pages("/theeye/questions/z1/versions", 100)).toEqual([
      ["z1 5", "z1 4", "z1 3"],
      ["z1 2", "z1 1"],
    ]);
    const all = await pages("/theeye/questions", 100);
    expect(all.length).toBeGreaterThan(1);
    expect(all.flat().filter((one) => one.startsWith("z"))).toEqual(["z1 5", "z2 1", "z3 1", "z4 1", "z5 1"]);
    expect((await pages("/theeye/questions", 1)).flat()).toEqual(all.flat());
  });
});
