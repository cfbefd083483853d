import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { AcceptLossResponse, MissingObjectsResponse } from "../../../src/api/admin/missing-objects";
import { insertRestore } from "../../../src/storage/erasures/erasure-records";
import { databases, emptyEverything } from "../../compaction/harness";
import { seedLocalKeys } from "../../http/auth/seed";
import { archivedEvent, archiveEvents } from "../../storage/archive/archived-files";
import { ask } from "../ask";

beforeAll(seedLocalKeys);
beforeEach(emptyEverything);

const accept = (body: unknown, bindings?: Env) =>
  ask("/theeye/storage/accept-loss", { method: "POST", body: JSON.stringify(body) }, bindings);
const missing = async (query = "") =>
  v.parse(MissingObjectsResponse, await (await ask(`/theeye/storage/missing${query}`)).json());

it("lists missing objects, and no longer one whose loss is accepted", async () => {
  const event = archivedEvent({ session: "s" });
  const file = await archiveEvents([event]);
  expect(await missing()).toEqual({ results: [], next: null });
  await env.ARCHIVE.delete(file.key);
  const shown = { object: file.key, kind: "events", rows: 1, bytes: file.bytes };
  expect(await missing()).toMatchObject({ results: [shown], next: null });
  const accepted = await accept({ object: file.key });
  expect(accepted.status).toBe(200);
  expect(v.parse(AcceptLossResponse, await accepted.json())).toMatchObject({ ...shown, lost_rows: 1 });
  expect(await missing()).toEqual({ results: [], next: null });
  expect(await (await ask("/theeye/storage")).json()).toMatchObject({
    deletions: [{ kind: "events", rows: 1, what: { missing_object: file.key } }],
  });
});

it("refuses an object that exists, one that nobody knows, and other bodies", async () => {
  const file = await archiveEvents([archivedEvent()]);
  const refused = await accept({ object: file.key });
  expect([refused.status, await refused.json()]).toMatchObject([
    400,
    { code: "invalid_parameter", parameter: "object" },
  ]);
  expect((await accept({ object: "events/nothing" })).status).toBe(404);
  expect((await accept({})).status).toBe(400);
  expect((await accept({ object: file.key, all: true })).status).toBe(400);
  expect((await ask("/theeye/storage/accept-loss?object=x", { method: "POST" })).status).toBe(400);
  expect((await ask("/theeye/storage/missing?cursor=x")).status).toBe(400);
  const without: Env = Object.assign({}, env, { ARCHIVE: undefined });
  expect((await accept({ object: file.key }, without)).status).toBe(404);
});

it("accepts no loss while a restored database is repaired: rewritten objects are about to take the place of missing ones", async () => {
  const file = await archiveEvents([archivedEvent()]);
  await env.ARCHIVE.delete(file.key);
  const [first] = databases;
  if (first !== undefined) await insertRestore(first, { id: "restore", databases: [0], now: 1 });
  expect((await accept({ object: file.key })).status).toBe(503);
  expect((await missing()).results).toHaveLength(1);
});

it("needs an admin key", async () => {
  const headers = { Authorization: "Bearer eye_r_local" };
  expect((await ask("/theeye/storage/missing", { headers })).status).toBe(403);
  expect((await ask("/theeye/storage/accept-loss", { method: "POST", headers, body: "{}" })).status).toBe(403);
});
