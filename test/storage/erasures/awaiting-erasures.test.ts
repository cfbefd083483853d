import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { copiesAwaitedSince, noteAwaiting } from "../../../src/storage/erasures/awaiting-erasures";
import {
  countErasureStep,
  insertErasure,
  loadErasure,
  noteWaiting,
  stalledErasures,
} from "../../../src/storage/erasures/erasure-records";
import { emptyDatabases } from "../empty-databases";

const databases = databasesOf(env);
const first = firstDatabase(databases);
const NOTHING = { sessions: 0, events: 0, errors: 0 };

beforeEach(() => emptyDatabases(databases));

it("finds thorough erasures that wait for copies sooner, and since when the latest of them waits", async () => {
  const awaiting = (since: number) => JSON.stringify({ pass: 2, phase: "copies", since });
  const thorough = (id: string) =>
    insertErasure(
      first,
      { id, before: 10, requestedBy: null, thorough: 1 },
      { kind: "session", id: `subject of ${id}` },
      `hash ${id}`,
    );
  for (const id of ["early", "late", "searching"]) await thorough(id);
  expect(await copiesAwaitedSince(first)).toBeNull();
  await countErasureStep(first, { id: "early", step: 0, state: awaiting(60), now: 60 }, NOTHING);
  await countErasureStep(first, { id: "late", step: 0, state: awaiting(70), now: 70 }, NOTHING);
  expect(await copiesAwaitedSince(first)).toBe(70);
  const since = { since: 5, copiesSince: 65 };
  expect(await stalledErasures(first, since)).toEqual([{ id: "early", step: 1 }]);
  await noteWaiting(first, { id: "early", step: 1, missingObject: "an object", now: 62 });
  await noteAwaiting(first, { id: "early", step: 1, now: 66 });
  expect(await loadErasure(first, "early")).toMatchObject({ step: 1, updatedAt: 66, waitingSince: null, thorough: 1 });
  expect(await stalledErasures(first, since)).toEqual([]);
  await countErasureStep(first, { id: "late", step: 1, state: null, now: 80 }, NOTHING);
  expect(await copiesAwaitedSince(first)).toBe(60);
});
