import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { eraseErrorsById, eraseSessionErrors, eraseVisitorErrors } from "../../../src/storage/erasures/erase-errors";
import { emptyDatabases } from "../empty-databases";
import { errorRow, MINUTE, MORNING, store } from "../seed";

const databases = databasesOf(env);
const ALWAYS = Number.MAX_SAFE_INTEGER;

beforeEach(() => emptyDatabases(databases));

async function idsIn(table: "errors" | "error_parts"): Promise<string[]> {
  const found = await Promise.all(
    databases.map(({ binding }) => binding.prepare(`SELECT DISTINCT id FROM ${table}`).all<{ id: string }>()),
  );
  return found.flatMap(({ results }) => results.map(({ id }) => id)).sort();
}

describe("the errors of a session", () => {
  it("are erased with their pieces, if they were received before the time", async () => {
    const errors = [
      errorRow({ id: "whole", session: "a" }),
      errorRow({ id: "pieces", session: "a", content: null, parts: 1 }),
      errorRow({ id: "later", session: "a", receivedAt: MORNING + MINUTE }),
      errorRow({ id: "resolved", session: null }),
      errorRow({ id: "other", session: "b" }),
    ];
    await store(databases, { errors, parts: [{ errorId: "pieces", part: 0, content: "x", session: "a" }] });
    for (const { binding } of databases)
      await binding.prepare("UPDATE errors SET resolved_session = 'a' WHERE id = 'resolved'").run();
    const erased = await eraseSessionErrors(databases, { session: "a", before: MORNING + MINUTE }, { left: 10 });
    expect(erased).toEqual({ errors: 3, isDone: true });
    expect([await idsIn("errors"), await idsIn("error_parts")]).toEqual([["later", "other"], []]);
  });

  it("are erased over several calls if the budget ends", async () => {
    const errors = Array.from({ length: 250 }, () => errorRow({ session: "a" }));
    await store(databases, { errors });
    const call = () => eraseSessionErrors(databases, { session: "a", before: ALWAYS }, { left: 2 });
    expect(await call()).toEqual({ errors: 200, isDone: false });
    expect(await call()).toEqual({ errors: 50, isDone: true });
    expect(await idsIn("errors")).toEqual([]);
  });
});

it("erases errors by id, and counts those that exist", async () => {
  await store(databases, {
    errors: [errorRow({ id: "a" }), errorRow({ id: "b", session: "other" }), errorRow({ id: "c" })],
  });
  expect(await eraseErrorsById(databases, ["a", "b", "none"])).toBe(2);
  expect(await idsIn("errors")).toEqual(["c"]);
});

it("erases the errors whose content names a visitor, whole, in pieces, or not JSON", async () => {
  const errors = [
    errorRow({ id: "named", content: '{"visitor_id":"vera"}' }),
    errorRow({ id: "pieces", session: "a", content: null, parts: 2 }),
    errorRow({ id: "no JSON", content: '{"visitor_id":"vera"' }),
    errorRow({ id: "mentioned", content: '{"data":"vera"}' }),
    errorRow({ id: "other", content: '{"visitor_id":"bert"}' }),
  ];
  const parts = ['{"visitor_id":"ve', 'ra"}'].map((content, part) => ({
    errorId: "pieces",
    part,
    content,
    session: "a",
  }));
  await store(databases, { errors, parts });
  const start = { database: 0, after: null };
  const stopped = await eraseVisitorErrors(databases, { visitor: "vera", before: ALWAYS }, start, { left: 1 });
  expect(stopped.next).toEqual({ database: 1, after: null });
  const rest = await eraseVisitorErrors(databases, { visitor: "vera", before: ALWAYS }, stopped.next ?? start, {
    left: 9,
  });
  expect([stopped.errors + rest.errors, rest.next]).toEqual([3, null]);
  expect([await idsIn("errors"), await idsIn("error_parts")]).toEqual([["mentioned", "other"], []]);
});
