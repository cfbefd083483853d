import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { PreviewSchema, ReplayPageSchema, ReplaySchema } from "../../../src/api/replays/replay-schemas";
import worker from "../../../src/index";
import type { ReplayMessage } from "../../../src/model/replay";
import { databasesOf } from "../../../src/storage/core/databases";
import { seedLocalKeys } from "../../http/auth/seed";
import { errorRow, MORNING, store } from "../../storage/seed";
import { ask } from "../ask";

const databases = databasesOf(env);

const contentOf = (session: string, data: unknown) =>
  JSON.stringify({ session_id: session, category: "c", name: "n", data, timestamp: "2021-01-01 08:00:00" });

beforeAll(async () => {
  await seedLocalKeys();
  const errors = Array.from({ length: 6 }, (_, n) =>
    errorRow({
      ...{ id: `e${n}`, session: `s${n}`, eventId: `event-${n}`, receivedAt: MORNING + n, application: "shop" },
      content: contentOf(`s${n}`, n === 5 ? 7 : null),
    }),
  );
  const patch = errorRow({
    id: "other",
    session: "other",
    application: "blog",
    content: contentOf("other", { price: "7" }),
  });
  await store(databases, { errors: [...errors, patch] });
});

/** A queue that keeps its messages, so that a test delivers them itself. */
function withQueue(): { bindings: Env; sent: ReplayMessage[] } {
  const sent: ReplayMessage[] = [];
  const send = async (message: ReplayMessage) => void sent.push(message);
  return { sent, bindings: { ...env, REPLAYS: { send } as unknown as Queue } };
}

const post = (body: unknown) => ({ method: "POST", body: JSON.stringify(body) });

async function replay(body: unknown, query = "", bindings: Env = withQueue().bindings): Promise<Response> {
  return ask(`/theeye/errors/replay${query}`, post(body), bindings);
}

async function deliver(messages: ReplayMessage[], bindings: Env): Promise<void> {
  for (let message = messages.shift(); message !== undefined; message = messages.shift()) {
    const batch = createMessageBatch("the-eye-replays", [
      { id: "m", timestamp: new Date(), attempts: 1, body: message },
    ]);
    await worker.queue(batch, bindings);
    expect((await getQueueResult(batch, createExecutionContext())).explicitAcks).toEqual(["m"]);
  }
}

const fix = { edits: [{ op: "set", path: "/data", value: { fixed: true } }] };

describe("POST /theeye/errors/replay?dry_run=1", () => {
  it("returns what would pass, fail and be skipped, with samples, and changes nothing", async () => {
    const { bindings, sent } = withQueue();
    const repair = {
      patch: [
        { op: "test", path: "/data", value: null },
        { op: "replace", path: "/data", value: {} },
      ],
    };
    const response = await replay({ filter: { application: "shop" }, repair }, "?dry_run=1", bindings);
    expect(response.status).toBe(200);
    const preview = v.parse(PreviewSchema, await response.json());
    expect(preview).toMatchObject({ examined: 6, would_pass: 5, would_fail: 0, would_skip: 1, complete: true });
    expect(preview.samples.map(({ verdict }) => verdict)).toEqual(["skip", "pass", "pass", "pass"]);
    expect(preview.samples[1]).toMatchObject({ id: "e0", event: { data: {} }, issues: [] });
    expect(sent).toEqual([]);
    expect(v.parse(ReplayPageSchema, await (await ask("/theeye/replays")).json()).results).toEqual([]);
  });

  it("groups the remaining issues", async () => {
    const response = await replay({ ids: ["e0", "e1", "nobody's"] }, "?dry_run=1");
    expect(await response.json()).toMatchObject({
      ...{ examined: 2, would_pass: 0, would_fail: 2 },
      failures: [{ code: "data_invalid", path: "/data", count: 2 }],
      samples: [{ id: "e0", verdict: "fail", issues: [{ code: "data_invalid" }] }, { id: "e1" }],
    });
  });
});

describe("a preview of large errors", () => {
  it("reads no more errors than fit into a page, and reports that there are more", async () => {
    const large = Array.from({ length: 8 }, (_, n) =>
      errorRow({ id: `large-${n}`, application: "large", content: contentOf("large", "x".repeat(900_000)) }),
    );
    for (const error of large) await store(databases, { errors: [error] });
    const response = await replay({ ids: large.map(({ id }) => id) }, "?dry_run=1");
    const preview = v.parse(PreviewSchema, await response.json());
    expect(preview.examined).toBeLessThan(8);
    expect(preview.complete).toBe(false);
  });

  it("refuses an unknown application", async () => {
    const response = await replay({ filter: { application: "nobody" } }, "?dry_run=1");
    expect(await response.json()).toMatchObject({ code: "invalid_parameter", parameter: "filter.application" });
  });
});

describe("POST /theeye/errors/replay", () => {
  it("is accepted once the queue has it, and its progress can be read until every event is stored", async () => {
    const { bindings, sent } = withQueue();
    const response = await replay({ filter: { application: "shop", code: "data_invalid" }, repair: fix }, "", bindings);
    expect(response.status).toBe(202);
    const begun = v.parse(ReplaySchema, await response.json());
    expect(begun).toMatchObject({ status: "running", matched: 0, steps: 0, repair: fix });
    expect(begun.filter).toMatchObject({ application: "shop", code: "data_invalid" });
    expect(response.headers.get("Location")).toBe(`../../theeye/replays/${begun.id}`);
    expect(sent).toEqual([{ v: 1, replay: begun.id, step: 0 }]);

    await deliver(sent, bindings);
    const shown = await (await ask(`/theeye/replays/${begun.id}`)).json();
    expect(shown).toMatchObject({ status: "done", matched: 6, stored: 6, failing: 0, skipped: 0, steps: 1 });
    const event = await (await ask("/theeye/events?session_id=s3")).json();
    expect(event).toMatchObject({
      results: [{ id: "event-3", application: "shop", data: { fixed: true } }],
    });
    expect(await (await ask("/theeye/errors/e3")).json()).toMatchObject({
      status: "resolved",
      resolved: { session_id: "s3", id: "event-3" },
      event: { data: null },
    });
    expect(await (await ask("/theeye/errors?status=open&application=shop")).json()).toMatchObject({ results: [] });
    expect(v.parse(ReplayPageSchema, await (await ask("/theeye/replays?limit=1")).json()).results).toEqual([shown]);
  });

  it("answers 503, and leaves no replay behind, if the queue refuses the message", async () => {
    const before = await (await ask("/theeye/replays")).json();
    const refuse = { send: () => Promise.reject(new Error("Storage Limit Exceeded")) };
    const bindings = { ...env, REPLAYS: refuse as unknown as Queue };
    expect((await replay({ ids: ["other"] }, "", bindings)).status).toBe(503);
    expect(await (await ask("/theeye/replays")).json()).toEqual(before);
  });

  it.each([
    [{}, "filter"],
    [{ filter: {}, ids: ["a"] }, "filter"],
    [{ ids: [] }, "ids"],
    [{ filter: { code: "oops" } }, "filter.code"],
    [{ filter: { sesion: "typo" } }, "filter.sesion"],
    [{ filter: { start_date: "2021-01-02", end_date: "2021-01-01" } }, "filter.start_date"],
    [{ ids: ["a"], repair: { edits: [] } }, "repair"],
  ])("refuses %j and names what is wrong", async (body, parameter) => {
    const response = await replay(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      code: "invalid_parameter",
      parameter: expect.stringContaining(parameter),
    });
  });

  it("requires an admin key", async () => {
    const init = { ...post({ ids: ["other"] }), headers: { Authorization: "Bearer eye_r_local" } };
    expect((await ask("/theeye/errors/replay", init)).status).toBe(403);
  });
});

describe("POST /theeye/replays/{id}/cancel", () => {
  it("ends a running replay, can be repeated, and requires an admin key", async () => {
    const { bindings, sent } = withQueue();
    const { id } = v.parse(ReplaySchema, await (await replay({ ids: ["nobody's"] }, "", bindings)).json());
    const cancel = (init: RequestInit = {}) =>
      ask(`/theeye/replays/${id}/cancel`, { method: "POST", ...init }, bindings);
    expect((await cancel({ headers: { Authorization: "Bearer eye_r_local" } })).status).toBe(403);
    for (let times = 0; times < 2; times++) {
      const response = await cancel();
      expect(response.status).toBe(200);
      expect(v.parse(ReplaySchema, await response.json())).toMatchObject({ id, status: "cancelled" });
    }
    await deliver(sent, bindings);
    await ask(`/theeye/replays/${id}/resume`, { method: "POST" }, bindings);
    expect(sent).toEqual([]);
    expect(await (await ask(`/theeye/replays/${id}`)).json()).toMatchObject({ status: "cancelled", steps: 0 });
  });
});

describe("POST /theeye/replays/{id}/resume", () => {
  it("requests the next step, can be repeated, and requests none once the replay is done", async () => {
    const { bindings, sent } = withQueue();
    const { id } = v.parse(ReplaySchema, await (await replay({ ids: ["other"] }, "", bindings)).json());
    sent.length = 0;
    const resume = () => ask(`/theeye/replays/${id}/resume`, { method: "POST" }, bindings);
    expect((await resume()).status).toBe(202);
    await resume();
    expect(sent).toEqual([0, 0].map((step) => ({ v: 1, replay: id, step })));
    await deliver(sent, bindings);
    expect(await (await ask(`/theeye/replays/${id}`)).json()).toMatchObject({ status: "done", matched: 1, stored: 1 });
    await resume();
    expect(sent).toEqual([]);
  });

  it.each(["GET /theeye/replays/nobody", "POST /theeye/replays/nobody/resume", "POST /theeye/replays/nobody/cancel"])(
    "%s is 404",
    async (line) => {
      const [method = "", path = ""] = line.split(" ");
      expect((await ask(path, { method })).status).toBe(404);
    },
  );
});
