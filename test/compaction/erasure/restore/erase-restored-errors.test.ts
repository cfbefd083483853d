import { beforeEach, expect, it, vi } from "vitest";
import { eraseRestoredErrors } from "../../../../src/compaction/erasure/restore/erase-restored-errors";
import { insertReplay, loadReplay } from "../../../../src/storage/admin/replays";
import { errorRow, MORNING, store } from "../../../storage/seed";
import { databases, LATER } from "../../harness";
import { begin, emptyWorld, first, io, PATIENT } from "./restored-world";

vi.setConfig(PATIENT);

beforeEach(emptyWorld);

const START = { database: 0, after: null };

async function ids(): Promise<string[]> {
  const found = await Promise.all(
    databases.map(({ binding }) => binding.prepare("SELECT id FROM errors").all<{ id: string }>()),
  );
  return found.flatMap(({ results }) => results.map(({ id }) => id)).sort();
}

it("erases errors whose id, session, visitor or resolved session has a tombstone, and no others", async () => {
  await store(databases, {
    errors: [
      errorRow({ id: "by id", session: null }),
      errorRow({ id: "by session", session: "erased" }),
      errorRow({ id: "by visitor", session: null, content: '{"visitor_id":"visitor"}' }),
      errorRow({ id: "by resolved session", session: "another" }),
      errorRow({ id: "kept", session: "another", content: '{"visitor_id":"another"}' }),
      errorRow({ id: "kept, no JSON", session: null, content: "visitor" }),
      errorRow({ id: "kept, received later", session: "erased", receivedAt: LATER }),
    ],
  });
  for (const { binding } of databases) {
    await binding.prepare("UPDATE errors SET resolved_session = 'erased' WHERE id = 'by resolved session'").run();
  }
  await begin({ kind: "error", id: "by id" });
  await begin({ kind: "session", id: "erased" });
  await begin({ kind: "visitor", id: "visitor" });
  expect(await eraseRestoredErrors(io, databases, START, { left: 40 })).toEqual({ errors: 4, next: null });
  expect(await ids()).toEqual(["kept", "kept, no JSON", "kept, received later"]);
});

it("examines the restored databases only", async () => {
  await store([first], { errors: [errorRow({ id: "a", session: "erased" })] });
  await begin({ kind: "session", id: "erased" });
  expect(await eraseRestoredErrors(io, databases.slice(1), START, { left: 40 })).toEqual({ errors: 0, next: null });
  expect(await eraseRestoredErrors(io, [first], START, { left: 40 })).toEqual({ errors: 1, next: null });
});

it("continues in the next step where the budget ended, 100 errors further for each query", async () => {
  const errors = Array.from({ length: 250 }, (_, n) =>
    errorRow({ receivedAt: MORNING + n, session: n % 2 === 0 ? "erased" : "kept" }),
  );
  await store([first], { errors });
  await begin({ kind: "session", id: "erased" });
  const step = (place: Parameters<typeof eraseRestoredErrors>[2]) =>
    eraseRestoredErrors(io, [first], place, { left: 1 });
  const { errors: erased, next } = await step(START);
  expect([erased, next]).toEqual([50, { database: 0, after: { receivedAt: MORNING + 99, id: errors[99]?.id } }]);
  if (next === null) throw new Error("there are more errors");
  const second = await step(next);
  expect(second).toMatchObject({ errors: 50, next: { after: { receivedAt: MORNING + 199 } } });
  if (second.next === null) throw new Error("there are more errors");
  expect(await step(second.next)).toEqual({ errors: 25, next: null });
  expect(await ids()).toHaveLength(125);
});

it("erases what names an erased session elsewhere, before the first error", async () => {
  for (const session of ["erased", "kept"]) {
    const filter = { session, application: null, code: null, category: null, name: null, from: null, to: null };
    await insertReplay(first, { id: session, createdAt: 1, selection: { filter }, repair: null });
  }
  await begin({ kind: "session", id: "erased" });
  await eraseRestoredErrors(io, databases, START, { left: 40 });
  expect((await loadReplay(first, "erased"))?.selection).toMatchObject({ filter: { session: "" } });
  expect((await loadReplay(first, "kept"))?.selection).toMatchObject({ filter: { session: "kept" } });
});
