import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { Database } from "../../../src/storage/core/databases";
import { CODE_BITS } from "../../../src/storage/core/error-codes";
import { claimErrors, resolveStatements } from "../../../src/storage/write/resolve-errors";
import type { ErrorRow, Resolution } from "../../../src/storage/write/rows";
import { writeBatch } from "../../../src/storage/write/write-batch";
import { errorRow, MORNING, store } from "../seed";

const database: Database = { index: 0, binding: env.DB };

const keyOf = ({ receivedAt, id }: ErrorRow) => ({ receivedAt, id });

const resolve = (resolutions: Resolution[]) => writeBatch(database, { events: [], errors: [], parts: [], resolutions });

const resolved = (row: ErrorRow, eventId: string): Resolution => ({
  ...{ error: keyOf(row), at: MORNING + 9, replay: "r" },
  outcome: { kind: "resolved", session: "s", eventId, occurredAt: MORNING - 5 },
});

const failing = (row: ErrorRow): Resolution => ({
  ...{ error: keyOf(row), at: MORNING + 10, replay: "r" },
  outcome: { kind: "failing", issues: [{ code: "name_invalid", path: "/name", message: "m" }] },
});

async function rowOf({ id }: ErrorRow) {
  const sql =
    "SELECT resolved_event_id, resolved_occurred_at, replayed_at, claimed_by, codes FROM errors WHERE id = ?1";
  return env.DB.prepare(sql).bind(id).first();
}

beforeEach(async () => {
  await env.DB.batch(["errors", "failures"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
});

describe("claimErrors", () => {
  it("claims errors that are open and not claimed, or claimed by a replay that is over", async () => {
    const rows = ["a", "b", "c"].map((id) => errorRow({ id }));
    const [a, b, c] = rows as [ErrorRow, ErrorRow, ErrorRow];
    await store([database], { errors: rows });
    await resolve([resolved(a, "e1")]);
    await claimErrors(database, [keyOf(b)], "other");
    const keys = rows.map(keyOf);
    const states = await claimErrors(database, keys, "mine");
    expect([a, b, c].map(({ id }) => states.get(id)?.claimed_by)).toEqual([null, "other", "mine"]);
    const later = await claimErrors(database, keys, "mine", ["other"]);
    expect([a, b, c].map(({ id }) => later.get(id)?.claimed_by)).toEqual([null, "mine", "mine"]);
  });
});

describe("resolutions", () => {
  it("release the error, and never undo a resolution", async () => {
    const row = errorRow();
    await store([database], { errors: [row] });
    await claimErrors(database, [keyOf(row)], "r");
    await resolve([failing(row)]);
    expect(await rowOf(row)).toEqual({
      ...{ resolved_event_id: null, resolved_occurred_at: null, replayed_at: MORNING + 10, claimed_by: null },
      codes: CODE_BITS.name_invalid,
    });
    await resolve([resolved(row, "e3")]);
    await resolve([failing(row)]);
    await resolve([resolved(row, "e4")]);
    expect(await rowOf(row)).toMatchObject({
      resolved_event_id: "e3",
      resolved_occurred_at: MORNING - 5,
      replayed_at: MORNING + 9,
      codes: CODE_BITS.name_invalid,
    });
  });

  it("find their rows by the primary key", async () => {
    const asked: string[] = [];
    const prepare = (sql: string) => {
      asked.push(sql);
      return env.DB.prepare(sql);
    };
    const spying: D1Database = Object.assign(Object.create(env.DB), { prepare });
    const row = errorRow();
    resolveStatements(spying, [failing(row), resolved(row, "e1")]);
    expect(asked).toHaveLength(2);
    for (const sql of asked) {
      const plan = await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind("[]").all<{ detail: string }>();
      const scans = plan.results.filter(({ detail }) => /SCAN errors/.test(detail));
      expect(scans, sql).toEqual([]);
    }
  });
});
