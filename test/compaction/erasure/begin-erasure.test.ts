import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { beginErasure, freshSalt } from "../../../src/compaction/erasure/begin-erasure";
import { firstDatabase } from "../../../src/storage/core/databases";
import { loadErasure } from "../../../src/storage/erasures/erasure-records";
import { createErasureSource } from "../../../src/storage/erasures/erasure-source";
import { subjectHash } from "../../../src/storage/erasures/subject";
import { type TombstoneVault, tombstoneVault } from "../../../src/storage/erasures/tombstone-vault";
import { eventRow, MORNING, store } from "../../storage/seed";
import { databases, emptyEverything, LATER } from "../harness";

const first = firstDatabase(databases);
const vault = tombstoneVault(env.KEYS);
const SUBJECT = { kind: "visitor" as const, id: "visitor-a" };

beforeEach(async () => {
  await emptyEverything();
  for (const { name } of (await env.KEYS.list({ prefix: "tombstone" })).keys) await env.KEYS.delete(name);
});

const begin = (id: string, changed: Partial<TombstoneVault> = {}) =>
  beginErasure({ databases, vault: { ...vault, ...changed } }, SUBJECT, { id, now: LATER, requestedBy: "shop" });

it("makes salts of 128 random bits", () => {
  expect(freshSalt()).toMatch(/^[0-9a-f]{32}$/);
  expect(freshSalt()).not.toBe(freshSalt());
});

it("records the erasure, which deletes nothing yet", async () => {
  await store(databases, { events: [eventRow({ visitor: "visitor-a" })] });
  const erasure = await begin("e");
  expect(erasure).toMatchObject({
    ...{ id: "e", kind: "visitor", subject: "visitor-a", before: LATER, requestedBy: "shop" },
    ...{ status: "running", step: 0, state: null, sessions: 0, events: 0, errors: 0 },
  });
  expect(await loadErasure(first, "e")).toEqual(erasure);
  const counts = await Promise.all(
    databases.map(({ binding }) => binding.prepare("SELECT count(*) AS n FROM events_1").first<number>("n")),
  );
  expect(counts.toSorted()).toEqual([0, 0, 1]);
});

it("makes writers refuse what was received before the request, and nothing else", async () => {
  await begin("e");
  const none = { session: null, visitor: null, error: null };
  const { isErased } = await createErasureSource(first).check([{ ...none, visitor: "visitor-a", receivedAt: MORNING }]);
  expect(isErased({ ...none, visitor: "visitor-a", receivedAt: LATER - 1 })).toBe(true);
  expect(isErased({ ...none, visitor: "visitor-a", receivedAt: LATER })).toBe(false);
});

it("keeps the tombstone outside D1, under the same salt, and the subject while the erasure is running", async () => {
  await begin("e");
  await begin("f");
  const { results } = await first.binding.prepare("SELECT salt FROM erasure_salts").all<{ salt: string }>();
  expect(results).toHaveLength(1);
  const [{ salt } = { salt: "" }] = results;
  const { tombstones } = await vault.page(null);
  const common = { v: 1, kind: "visitor", salt, hashes: [subjectHash(salt, SUBJECT)], before: LATER };
  expect(tombstones.toSorted((a, b) => (a.erasure < b.erasure ? -1 : 1))).toEqual([
    { ...common, erasure: "e" },
    { ...common, erasure: "f" },
  ]);
  expect(await vault.subject("e")).toEqual({
    ...{ kind: "visitor", subject: "visitor-a", before: LATER, requestedBy: "shop", thorough: false },
  });
});

it.each(["putSubject", "put"] as const)("records nothing in D1 if KV fails (%s)", async (name) => {
  await expect(begin("e", { [name]: () => Promise.reject(new Error("KV is not available")) })).rejects.toThrow("KV");
  expect(await loadErasure(first, "e")).toBeNull();
  expect(await first.binding.prepare("SELECT count(*) AS n FROM tombstones").first("n")).toBe(0);
});
