import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import {
  addTombstones,
  countErasureStep,
  insertErasure,
  listErasures,
  loadErasure,
  saltOf,
  stalledErasures,
} from "../../../src/storage/erasures/erasure-records";
import { emptyDatabases } from "../empty-databases";

const databases = databasesOf(env);
const first = firstDatabase(databases);
const NOTHING = { sessions: 0, events: 0, errors: 0 };

beforeEach(() => emptyDatabases(databases));

const insert = (id: string, before = 10) =>
  insertErasure(
    first,
    { id, before, requestedBy: "admin", thorough: 0 },
    { kind: "session", id: `subject of ${id}` },
    `hash ${id}`,
  );

async function tombstones() {
  const { results } = await first.binding
    .prepare("SELECT hash, before_at AS before, erasure_id AS erasure FROM tombstones ORDER BY hash")
    .all();
  const revisions = await first.binding
    .prepare("SELECT name, revision FROM revisions WHERE name IN ('erasures', 'erased_before')")
    .all<{ name: string; revision: number }>();
  return { results, revisions: Object.fromEntries(revisions.results.map(({ name, revision }) => [name, revision])) };
}

describe("an erasure", () => {
  it("is recorded with its tombstone and a new revision", async () => {
    await insert("a");
    expect(await loadErasure(first, "a")).toEqual({
      ...{ id: "a", kind: "session", subject: "subject of a", before: 10, requestedBy: "admin", updatedAt: 10 },
      ...{
        status: "running",
        step: 0,
        state: null,
        waitingSince: null,
        missingObject: null,
        thorough: 0,
        sessions: 0,
        events: 0,
        errors: 0,
      },
    });
    expect(await tombstones()).toEqual({
      results: [{ hash: "hash a", before: 10, erasure: "a" }],
      revisions: { erasures: 1, erased_before: 10 },
    });
    expect(await loadErasure(first, "none")).toBeNull();
  });

  it("never shortens an earlier one of the same subject", async () => {
    await insert("a", 10);
    await addTombstones(first, ["hash a", "hash b"], { id: "later", before: 5 });
    const { results, revisions } = await tombstones();
    expect(results.map(({ hash, before }) => [hash, before])).toEqual([
      ["hash a", 10],
      ["hash b", 5],
    ]);
    expect(revisions).toEqual({ erasures: 2, erased_before: 10 });
  });

  it("counts each step once, and keeps no record of its subject after the last", async () => {
    await insert("a");
    const counts = { sessions: 1, events: 2, errors: 3 };
    const step = { id: "a", step: 0, state: '{"place":1}', now: 20 };
    expect(await countErasureStep(first, step, counts)).toBe(true);
    expect(await countErasureStep(first, step, counts)).toBe(false);
    expect(await loadErasure(first, "a")).toMatchObject({ ...counts, step: 1, state: '{"place":1}', updatedAt: 20 });
    expect(await countErasureStep(first, { id: "a", step: 1, state: null, now: 30 }, counts)).toBe(true);
    expect(await loadErasure(first, "a")).toMatchObject({
      ...{ status: "done", subject: null, state: null, sessions: 2, events: 4, errors: 6 },
    });
    expect(await countErasureStep(first, { id: "a", step: 2, state: null, now: 40 }, counts)).toBe(false);
  });
});

it("lists erasures newest first, in pages", async () => {
  for (const [id, before] of [
    ["a", 1],
    ["b", 2],
    ["c", 2],
  ] as const)
    await insert(id, before);
  const page = await listErasures(first, { limit: 2, after: null });
  expect(page.map(({ id }) => id)).toEqual(["c", "b"]);
  expect((await listErasures(first, { limit: 2, after: page[1] ?? null })).map(({ id }) => id)).toEqual(["a"]);
});

it("finds running erasures without progress since a time", async () => {
  await insert("stalled");
  await insert("moving");
  await insert("done");
  await countErasureStep(first, { id: "moving", step: 0, state: "{}", now: 99 }, NOTHING);
  await countErasureStep(first, { id: "done", step: 0, state: null, now: 10 }, NOTHING);
  const since = (at: number) => ({ since: at, copiesSince: at });
  expect(await stalledErasures(first, since(50))).toEqual([{ id: "stalled", step: 0 }]);
  expect(await stalledErasures(first, since(10))).toEqual([]);
});

it("has one salt, whoever asks first", async () => {
  const salts = await Promise.all(["x", "y", "z"].map((fresh) => saltOf(first, fresh)));
  expect(new Set(salts).size).toBe(1);
  expect(await saltOf(first, "later")).toBe(salts[0]);
});
