import { expect, test } from "vitest";
import { LOCAL_KEYS } from "../../scripts/start/local-keys.ts";
import { eventually } from "./service.ts";
import { serviceForTests } from "./service-for-tests.ts";

/**
 * The story of docs/errors.md with a schema: an application ships a bad release, the summary shows it, the repair is
 * previewed, and the replay stores the failed events in their right places.
 */

const service = serviceForTests();

// biome-ignore lint/suspicious/noExplicitAny: the answers are read like in any client
async function call(method: string, path: string, key: string, body?: unknown): Promise<{ status: number; body: any }> {
  const response = await fetch(`${service.url}${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text) };
}

const SESSION = "a-customer";
const order = (id: string, second: number, total: unknown) => ({
  ...{ id, session_id: SESSION, category: "checkout", name: "order placed", data: { total } },
  timestamp: `2026-01-05T10:00:0${second}Z`,
});

test("a bad release is detected, repaired and replayed", async () => {
  const schema = { type: "object", required: ["total"], properties: { total: { type: "number" } } };
  const registered = await call("PUT", "/theeye/event-types/checkout/order%20placed", LOCAL_KEYS.admin, { schema });
  expect(registered.status).toBe(201);

  // The release could have been checked before it was shipped.
  await eventually(async () => {
    const tried = await call("POST", "/theeye/events?dry_run=1", LOCAL_KEYS.write, [order("try", 1, "12.50")]);
    return tried.body.results[0].ok === false ? true : null;
  }, 60_000);

  // The second of three orders is from the bad release, whose totals are texts.
  for (const event of [order("o-1", 1, 10), order("o-2", 2, "12.50"), order("o-3", 3, 20)]) {
    expect((await call("POST", "/theeye/events", LOCAL_KEYS.write, event)).status).toBe(202);
  }
  const group = await eventually(async () => {
    const { body } = await call("GET", "/theeye/errors/summary?application=demo", LOCAL_KEYS.read);
    return body.results[0] ?? null;
  });
  expect(group).toMatchObject({
    ...{ application: "demo", category: "checkout", name: "order placed" },
    ...{ code: "schema_violation", path: "/data/total", count: 1 },
  });
  const receipt = await call("GET", `/theeye/receipts?session_id=${SESSION}&id=o-2`, LOCAL_KEYS.write);
  expect(receipt.body).toMatchObject({ status: "failed" });
  await eventually(async () => ((await stored()).length === 2 ? true : null));

  // Previews the other schema and the repair.
  const candidate = { schema: { ...schema, properties: { total: { type: ["number", "string"] } } } };
  const checked = await call("POST", "/theeye/event-types/checkout/order%20placed/check", LOCAL_KEYS.read, candidate);
  expect(checked.status).toBe(200);
  const repair = {
    filter: { application: "demo", code: "schema_violation" },
    repair: { edits: [{ op: "cast", path: "/data/total", type: "number" }] },
  };
  const preview = await call("POST", "/theeye/errors/replay?dry_run=1", LOCAL_KEYS.admin, repair);
  expect(preview.body).toMatchObject({ examined: 1, would_pass: 1, would_fail: 0 });
  expect(await stored()).toEqual(["o-1", "o-3"]);

  // Replayed twice: nothing is stored twice.
  const replays = [
    await call("POST", "/theeye/errors/replay", LOCAL_KEYS.admin, repair),
    await call("POST", "/theeye/errors/replay", LOCAL_KEYS.admin, repair),
  ];
  for (const replay of replays) {
    expect(replay.status).toBe(202);
    await eventually(async () => {
      const { body } = await call("GET", `/theeye/replays/${replay.body.id}`, LOCAL_KEYS.read);
      return body.status === "done" ? true : null;
    });
  }
  expect(await eventually(async () => ((await stored()).length === 3 ? stored() : null))).toEqual([
    "o-1",
    "o-2",
    "o-3",
  ]);
  const { body: errors } = await call("GET", `/theeye/errors?session_id=${SESSION}`, LOCAL_KEYS.read);
  expect(errors.results).toHaveLength(1);
  expect(errors.results[0]).toMatchObject({ status: "resolved", resolved: { session_id: SESSION, id: "o-2" } });
  const day = "start_date=2026-01-05&end_date=2026-01-05";
  const stats = await call("GET", `/theeye/stats?category=checkout&${day}`, LOCAL_KEYS.read);
  expect(stats.body.total.total).toBe(3);
});

/** The ids of the session's events, in their order. */
async function stored(): Promise<string[]> {
  const { body } = await call("GET", `/theeye/events?session_id=${SESSION}`, LOCAL_KEYS.read);
  return body.results.map(({ id }: { id: string }) => id);
}
