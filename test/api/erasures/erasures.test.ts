import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import * as v from "valibot";
import { beforeEach, expect, it } from "vitest";
import { createApp } from "../../../src/api/app";
import { ErasurePageSchema, ErasureSchema } from "../../../src/api/erasures/erasure-schemas";
import worker from "../../../src/index";
import { databasesOf } from "../../../src/storage/core/databases";
import { recordRemainder } from "../../../src/storage/erasures/scrub/erased-remainders";
import { seedLocalKeys } from "../../http/auth/seed";
import { archivedEvent, archiveEvents } from "../../storage/archive/archived-files";
import { emptyDatabases } from "../../storage/empty-databases";
import { errorRow, eventRow, partitionsOf, store } from "../../storage/seed";
import { pathOf } from "../ask";

const databases = databasesOf(env);

beforeEach(async () => {
  await emptyDatabases(databases);
  await seedLocalKeys();
});

function ask(path: string, method = "GET", key = "eye_a_local", body?: string): Promise<Response> {
  const headers = { Authorization: `Bearer ${key}` };
  return exports.default.fetch(`https://eye.example${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
}

/** Runs the first step of an erasure, as the queue would. The second pass comes a minute later. */
async function runFirstStep(location: string, acknowledged = ["m"]): Promise<v.InferOutput<typeof ErasureSchema>> {
  const { id } = v.parse(ErasureSchema, await (await ask(location)).json());
  const body = { v: 1, erasure: id, step: 0 };
  const batch = createMessageBatch("the-eye-erasures", [{ id: "m", timestamp: new Date(), attempts: 1, body }]);
  await worker.queue(batch, env);
  expect((await getQueueResult(batch, createExecutionContext())).explicitAcks).toEqual(acknowledged);
  return v.parse(ErasureSchema, await (await ask(location)).json());
}

it("erases a session in the background, and shows the progress without the session's id", async () => {
  await store(databases, { events: [eventRow({ session: "erased" }), eventRow({ session: "other" })] });
  const response = await ask("/theeye/sessions/erased", "DELETE");
  expect(response.status).toBe(202);
  const begun = v.parse(ErasureSchema, await response.json());
  expect(begun).toMatchObject({ kind: "session", status: "running", steps: 0 });
  expect(response.headers.get("Location")).toBe(`../../theeye/erasures/${begun.id}`);
  expect(await runFirstStep(`/theeye/erasures/${begun.id}`)).toMatchObject({ sessions: 1, events: 1, errors: 0 });
  const list = await (await ask("/theeye/erasures")).text();
  expect(v.parse(ErasurePageSchema, JSON.parse(list)).results).toMatchObject([{ id: begun.id }]);
  expect(list).not.toContain('erased"');
  expect((await ask("/theeye/sessions/erased")).status).toBe(404);
  expect((await ask("/theeye/sessions/other")).status).toBe(200);
});

it("shows where copies may remain, one and in the list", async () => {
  const [database] = databases;
  if (database === undefined) throw new Error("there is no database");
  await store(databases, { events: [eventRow()] });
  const { id } = v.parse(ErasureSchema, await (await ask("/theeye/sessions/erased", "DELETE")).json());
  const shown = async () => {
    const one = v.parse(ErasureSchema, await (await ask(`/theeye/erasures/${id}`)).json());
    const { results } = v.parse(ErasurePageSchema, await (await ask("/theeye/erasures")).json());
    expect(results.map(({ copies }) => copies)).toEqual([one.copies]);
    return one.copies;
  };
  expect(await shown()).toBeNull();
  const [partition] = (await partitionsOf(databases).latest()).partitions;
  await recordRemainder(database.binding, `events_${partition?.id}`, Date.now() * 1_000).run();
  expect(await shown()).toEqual({
    ...{ partitions: [partition?.id], errors: false },
    until: expect.stringMatching(/^20/),
  });
});

it("thorough=1 is shown, and refused without an archive, for errors and with another value", async () => {
  await store(databases, { errors: [errorRow({ id: "error-1" })] });
  for (const path of ["/theeye/sessions/a", "/theeye/visitors/a"]) {
    const begun = await ask(`${path}?thorough=1`, "DELETE");
    expect(begun.status).toBe(202);
    expect(v.parse(ErasureSchema, await begun.json())).toMatchObject({ thorough: true, status: "running" });
    expect(await (await ask(path, "DELETE")).json()).toMatchObject({ thorough: false });
    const refused = await ask(`${path}?thorough=yes`, "DELETE");
    expect([refused.status, await refused.json()]).toMatchObject([400, { code: "invalid_parameter" }]);
    const without: Env = Object.assign({}, env, { ARCHIVE: undefined });
    const request = new Request(`https://eye.example${path}?thorough=1`, {
      method: "DELETE",
      headers: { Authorization: "Bearer eye_a_local" },
    });
    const archiveless = await createApp().fetch(request, without, createExecutionContext());
    expect([archiveless.status, await archiveless.text()]).toEqual([400, expect.stringContaining("no archive")]);
  }
  expect((await ask("/theeye/errors/error-1?thorough=1", "DELETE")).status).toBe(400);
});

it("keeps a tombstone outside D1 that does not name the session", async () => {
  await ask("/theeye/sessions/a-very-secret-name", "DELETE");
  const { keys } = await env.KEYS.list({ prefix: "tombstone:" });
  expect(keys).not.toEqual([]);
  for (const { name } of keys) expect(`${name} ${await env.KEYS.get(name)}`).not.toContain("a-very-secret-name");
});

it("erases an error, and answers 404 for an unknown one", async () => {
  await store(databases, { errors: [errorRow({ id: "error-1" })] });
  expect((await ask("/theeye/errors/error-2", "DELETE")).status).toBe(404);
  const response = await ask("/theeye/errors/error-1", "DELETE");
  expect(response.status).toBe(202);
  await runFirstStep(pathOf(response.headers.get("Location"), "/theeye/errors/error-1"));
  expect((await ask("/theeye/errors/error-1")).status).toBe(404);
});

it("shows which missing object an erasure waits for, and finishes when its loss is accepted", async () => {
  const file = await archiveEvents([archivedEvent({ session: "erased" })]);
  await env.ARCHIVE.delete(file.key);
  const response = await ask("/theeye/sessions/erased", "DELETE");
  const location = pathOf(response.headers.get("Location"), "/theeye/sessions/erased");
  const waiting = { for: "archive_object", object: file.key, detail: expect.stringContaining("accept-loss") };
  expect(await runFirstStep(location, [])).toMatchObject({ status: "running", steps: 0, waiting });
  const list = await (await ask("/theeye/erasures")).text();
  expect(v.parse(ErasurePageSchema, JSON.parse(list)).results).toMatchObject([{ waiting }]);
  expect(list).not.toContain('erased"');
  const body = JSON.stringify({ object: file.key });
  expect((await ask("/theeye/storage/accept-loss", "POST", "eye_a_local", body)).status).toBe(200);
  expect(await runFirstStep(location)).toMatchObject({ steps: 1, waiting: null });
});

it("pages the list of erasures", async () => {
  for (const id of ["1", "2", "3"]) await ask(`/theeye/visitors/${id}`, "DELETE");
  const first = v.parse(ErasurePageSchema, await (await ask("/theeye/erasures?limit=2")).json());
  expect(first.results).toHaveLength(2);
  const second = v.parse(ErasurePageSchema, await (await ask(`/theeye/erasures${first.next}`)).json());
  expect([...first.results, ...second.results].map(({ kind }) => kind)).toEqual(["visitor", "visitor", "visitor"]);
  expect(second.next).toBeNull();
});

it.each([
  ["/theeye/sessions/1", "DELETE"],
  ["/theeye/visitors/1", "DELETE"],
  ["/theeye/errors/1", "DELETE"],
  ["/theeye/erasures", "GET"],
  ["/theeye/erasures/1", "GET"],
])("requires an admin key for %s (%s)", async (path, method) => {
  expect((await ask(path, method, "eye_r_local")).status).toBe(403);
});

it("refuses an id that is too long", async () => {
  expect((await ask(`/theeye/sessions/${"x".repeat(129)}`, "DELETE")).status).toBe(404);
});
