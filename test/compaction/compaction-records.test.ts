import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import {
  advanceStatement,
  beginProgress,
  markCopied,
  noteFailure,
  readProgress,
} from "../../src/compaction/compaction-records";
import type { RowPlace } from "../../src/compaction/read-rows";

const first = { index: 0, binding: env.DB };
const PLACE: RowPlace = [1, 2, "s", 3, 4];

beforeEach(async () => {
  await env.DB.prepare("DELETE FROM compactions").run();
  await beginProgress(first, { id: 7, databases: [0, 2] }, 100);
});

async function progress() {
  const found = await readProgress(first, 7);
  const [one] = found;
  if (one === undefined) throw new Error("no progress");
  return { one, found };
}

it("starts once for each database of a partition", async () => {
  await beginProgress(first, { id: 7, databases: [0, 2] }, 200);
  const none = { startedAt: 100, copied: null, rows: 0, done: false };
  expect((await progress()).found).toEqual([
    { database: 0, ...none },
    { database: 2, ...none },
  ]);
  expect(await readProgress(first, 8)).toEqual([]);
});

it("advances from the place that was read, and not again from there", async () => {
  const { one } = await progress();
  await first.binding.batch([advanceStatement(first, 7, one, PLACE, 10)]);
  await first.binding.batch([advanceStatement(first, 7, one, [9, 9, "x", 9, 9], 99)]);
  expect((await progress()).one).toMatchObject({ copied: PLACE, rows: 10 });
  await first.binding.batch([advanceStatement(first, 7, (await progress()).one, [2, 2, "s", 3, 4], 5)]);
  expect((await progress()).found.map(({ rows }) => rows)).toEqual([15, 0]);
});

it("marks one database as copied", async () => {
  await markCopied(first, 7, 2);
  expect((await progress()).found.map(({ done }) => done)).toEqual([false, true]);
});

it("records why a partition is stuck, until it advances", async () => {
  const failures = async () => {
    const { results } = await env.DB.prepare("SELECT failure FROM compactions ORDER BY database").all();
    return results.map(({ failure }) => failure);
  };
  await noteFailure(first, 7, "rows differ");
  expect(await failures()).toEqual(["rows differ", "rows differ"]);
  await first.binding.batch([advanceStatement(first, 7, (await progress()).one, PLACE, 1)]);
  expect(await failures()).toEqual([null, "rows differ"]);
  await noteFailure(first, 7, null);
  expect(await failures()).toEqual([null, null]);
});
