import { env } from "cloudflare:workers";
import { beforeEach, expect, it, vi } from "vitest";
import { findRestored } from "../../../../src/compaction/erasure/restore/find-restored";
import { importTombstones } from "../../../../src/compaction/erasure/restore/import-tombstones";
import { listErasures, loadErasure } from "../../../../src/storage/erasures/erasure-records";
import { createErasureSource } from "../../../../src/storage/erasures/erasure-source";
import { tombstoneOf } from "../../../../src/storage/erasures/tombstone-vault";
import { emptyDatabases } from "../../../storage/empty-databases";
import { nameOf, store } from "../../../storage/seed";
import { compactAll, databases, LATER, readArchive } from "../../harness";
import { begin, EVENTS, emptyWorld, erase, first, io, PATIENT, pending, runSteps, timeTravel } from "./restored-world";

vi.setConfig(PATIENT);

beforeEach(emptyWorld);

/** True if events of a session that were received before all erasures must not be stored. */
async function isErased(session: string): Promise<boolean> {
  const belonging = { session, visitor: null, error: null, receivedAt: LATER - 1 };
  return (await createErasureSource(first).check([belonging])).isErased(belonging);
}

it("brings back the tombstone of an erasure that is done, with its entry in the list but no subject", async () => {
  await erase({ kind: "session", id: "session-1" });
  await emptyDatabases(databases);
  expect(await isErased("session-1")).toBe(false);
  expect(await importTombstones(io, null)).toBeNull();
  expect([await isErased("session-1"), await isErased("session-2")]).toEqual([true, false]);
  expect(await listErasures(first, { limit: 10, after: null })).toEqual([
    expect.objectContaining({ kind: "session", subject: null, before: LATER, status: "done", updatedAt: LATER }),
  ]);
});

it("brings back an erasure that was running, to start again from the beginning at once", async () => {
  const id = await begin({ kind: "visitor", id: "visitor-4" });
  await emptyDatabases(databases);
  await importTombstones(io, null);
  expect(await loadErasure(first, id)).toMatchObject({
    ...{ kind: "visitor", subject: "visitor-4", before: LATER, requestedBy: "shop" },
    ...{ status: "running", step: 0, state: null, updatedAt: 0 },
  });
});

it("leaves erasures as they are that the database knows", async () => {
  await erase({ kind: "session", id: "session-1" });
  const before = await listErasures(first, { limit: 10, after: null });
  for (let n = 0; n < 2; n++) await importTombstones(io, null);
  expect(await listErasures(first, { limit: 10, after: null })).toEqual(before);
});

it("reads as many pages as there are", async () => {
  for (let n = 0; n < 130; n++) {
    await io.vault.put(tombstoneOf({ id: `e-${n}`, before: LATER }, "session", "salt", [`hash-${n}`]), "0");
  }
  let pages = 0;
  let cursor: string | null = null;
  do {
    cursor = await importTombstones(io, cursor);
    pages += 1;
  } while (cursor !== null && pages < 10);
  expect(pages).toBe(2);
  expect(await first.binding.prepare("SELECT count(*) AS n FROM tombstones").first("n")).toBe(130);
});

it("starts an erasure again that was running when the databases were restored", async () => {
  await store(databases, { events: EVENTS });
  await compactAll();
  await findRestored(io);
  const travel = await timeTravel();
  await begin({ kind: "session", id: "session-1" });
  await findRestored(io);
  await travel();
  pending.splice(0);
  expect(await findRestored(io)).toBe(true);
  await runSteps();
  const [erasure] = (await listErasures(first, { limit: 10, after: null })).filter(({ kind }) => kind === "session");
  expect(erasure).toMatchObject({ status: "running", requestedBy: "shop" });
  pending.push({ v: 1, erasure: erasure?.id ?? "", step: 0 });
  await runSteps();
  expect((await readArchive()).map(nameOf)).not.toContain("session-1");
  expect((await readArchive()).filter(({ session }) => session === "session-1")).toEqual([]);
  expect((await env.KEYS.list({ prefix: "tombstone-subject:" })).keys).toEqual([]);
});
