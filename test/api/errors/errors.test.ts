import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { ErrorsResponse } from "../../../src/api/errors/errors";
import { databasesOf } from "../../../src/storage/core/databases";
import { errorRow, MORNING, store } from "../../storage/seed";
import { ask } from "../reading-app";

const databases = databasesOf(env);

const plain = errorRow({ id: "plain", content: '{"session_id":"session","data":null}', eventId: "mine" });
const future = errorRow({
  id: "future",
  session: "other",
  application: "blog",
  receivedAt: MORNING + 1,
  issues: [
    { code: "timestamp_in_future", path: "/timestamp", message: "expected a moment before its receipt" },
    { code: "data_invalid", path: "/data", message: "expected a JSON object" },
  ],
});
const late = errorRow({ id: "late", session: null, receivedAt: MORNING + 2, content: null, parts: 4 });
const malformed = errorRow({
  ...{ id: "malformed", session: null, application: null, category: null, name: null, eventId: null },
  receivedAt: MORNING + 3,
  issues: [{ code: "delivery_failed", path: "", message: "expected an envelope" }],
  content: "17",
});

beforeAll(async () => {
  const parts = [{ session: null, errorId: "late", part: 1, content: "…" }];
  await store(databases, { errors: [plain, future, late, malformed], parts });
});

async function list(query: string) {
  const response = await ask(`/theeye/errors${query}`);
  expect(response.status).toBe(200);
  return v.parse(ErrorsResponse, await response.json());
}

describe("GET /theeye/errors", () => {
  it("returns each failed event with its complete content and all its issues, newest first", async () => {
    const { results } = await list("");
    expect(results.map(({ id }) => id)).toEqual(["malformed", "late", "future", "plain"]);
    expect(results[3]).toEqual({
      id: "plain",
      received_at: "2021-01-01T09:00:00.000000Z",
      application: "shop",
      session_id: "session",
      category: "page interaction",
      name: "pageview",
      event_id: "mine",
      issues: plain.issues,
      status: "open",
      resolved: null,
      replayed_at: null,
      event: { session_id: "session", data: null },
    });
    expect(results[0]).toMatchObject({ event: 17, application: null });
  });

  it("shows how much of a large event has arrived while chunks are missing", async () => {
    const { results } = await list("?start_date=2021-01-01T09:00:00.000002Z&end_date=2021-01-01T09:00:00.000002Z");
    expect(results).toMatchObject([{ id: "late", event: null, content_parts: { arrived: 1, of: 4 } }]);
  });

  it.each([
    ["?code=data_invalid", ["late", "future", "plain"]],
    ["?code=timestamp_in_future", ["future"]],
    ["?code=schema_violation", []],
    ["?status=open", ["malformed", "late", "future", "plain"]],
    ["?status=resolved", []],
    ["?session_id=other", ["future"]],
    ["?application=blog&code=data_invalid", ["future"]],
    ["?category=page%20interaction&order=asc", ["plain", "future", "late"]],
    ["?name=pageview&application=shop", ["late", "plain"]],
  ])("filters by %s", async (query, ids) => {
    expect((await list(query)).results.map(({ id }) => id)).toEqual(ids);
  });

  it("pages by the URLs that it returns", async () => {
    const first = await list("?limit=3");
    const response = await ask(`/theeye/errors${first.next}`);
    expect(await response.json()).toMatchObject({ results: [{ id: "plain" }], next: null });
  });

  it("refuses an unknown code, and lists the known ones", async () => {
    const response = await ask("/theeye/errors?code=oops");
    expect(response.status).toBe(400);
    const { parameter, detail } = v.parse(
      v.object({ parameter: v.string(), detail: v.string() }),
      await response.json(),
    );
    expect(parameter).toBe("code");
    expect(detail).toContain("timestamp_in_future");
  });

  it("returns content that is nested too deep as its text", async () => {
    const deep = `{"data":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    await store(databases, { errors: [errorRow({ id: "deep", session: "deep", content: deep })] });
    const { results } = await list("?session_id=deep");
    expect(results[0]).toMatchObject({ event: null, event_text: deep });
  });
});

describe("GET /theeye/errors/{id}", () => {
  it("shows one error as in the list", async () => {
    const [listed] = (await list("?session_id=other")).results;
    const response = await ask("/theeye/errors/future");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(listed);
  });

  it("shows the event after a replay has resolved the error", async () => {
    const sql = `UPDATE errors SET resolved_at = ?1, resolved_session = 'other', resolved_event_id = 'became',
      resolved_occurred_at = ?1 - 1000000, replayed_at = ?1 WHERE id = 'future'`;
    for (const { binding } of databases) await binding.prepare(sql).bind(MORNING).run();
    const at = "2021-01-01T09:00:00.000000Z";
    const shown = await (await ask("/theeye/errors/future")).json();
    expect(shown).toMatchObject({
      status: "resolved",
      resolved: { session_id: "other", id: "became", timestamp: "2021-01-01T08:59:59.000000Z", at },
      replayed_at: at,
    });
    expect((await list("?status=resolved")).results).toEqual([shown]);
  });

  it("answers 404 for an unknown id, and refuses unknown parameters", async () => {
    expect((await ask("/theeye/errors/nobody")).status).toBe(404);
    expect((await ask("/theeye/errors/future?session_id=other")).status).toBe(400);
  });
});
