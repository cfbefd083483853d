import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { openApiDocument } from "../../src/api/docs/openapi";
import { saveVersion } from "../../src/storage/admin/event-types";
import { insertReplay } from "../../src/storage/admin/replays";
import { databasesOf } from "../../src/storage/core/databases";
import { seedKey, seedLocalKeys } from "../http/auth/seed";
import { errorRow, eventRow, MORNING, store } from "../storage/seed";
import { ask } from "./ask";

/**
 * A read key that is bound to the application `mine`, and events of the application `hidden`, which all contain
 * HIDDEN. Each operation of the OpenAPI document needs an entry here, so that no new path is open by accident.
 */
const HIDDEN = "hidden";
const MINE = "mine-application";

const BOUND = "eye_r_bound-to-one-application";
const RANGE = "start_date=2021-01-01&end_date=2021-01-02";
const SHARED = "shared session";

type Decision =
  /** What a bound key can read: the path with its query, what the response must contain, and a body. */
  | { asks: string; shows: string | number; body?: unknown }
  /** Returns the same to everyone, and nothing of any application. */
  | "the same for all"
  /** Refuses read keys. */
  | "closed";

const DECISIONS: Record<string, Decision> = {
  "get /theeye/events": { asks: `/theeye/events?${RANGE}`, shows: MINE },
  "get /theeye/exports": { asks: `/theeye/exports?${RANGE}`, shows: MINE },
  "get /theeye/sessions": { asks: `/theeye/sessions?${RANGE}`, shows: SHARED },
  "get /theeye/sessions/stats": { asks: `/theeye/sessions/stats?${RANGE}&group_by=application`, shows: MINE },
  "get /theeye/sessions/{id}": { asks: `/theeye/sessions/${encodeURIComponent(SHARED)}`, shows: MINE },
  "get /theeye/errors": { asks: "/theeye/errors", shows: MINE },
  "get /theeye/errors/{id}": { asks: "/theeye/errors/error-mine", shows: MINE },
  "get /theeye/errors/summary": { asks: `/theeye/errors/summary?${RANGE}`, shows: MINE },
  "get /theeye/receipts": { asks: `/theeye/receipts?session_id=${SHARED}&id=mine-2`, shows: '"position":2' },
  "get /theeye/stats": { asks: `/theeye/stats?${RANGE}&group_by=application,category,name`, shows: MINE },
  "get /theeye/properties": {
    asks: "/theeye/properties?category=page%20interaction&name=pageview",
    shows: '"examined":2',
  },
  "get /theeye/replays": { asks: "/theeye/replays", shows: "replay-mine" },
  "get /theeye/replays/{id}": { asks: "/theeye/replays/replay-mine", shows: MINE },
  "get /theeye/event-types": { asks: "/theeye/event-types?days=90", shows: "pageview" },
  "get /theeye/event-types/{category}/{name}": {
    asks: "/theeye/event-types/registered/type?days=90",
    shows: '"events":0',
  },
  "get /theeye/event-types/{category}/{name}/versions": "the same for all",
  "get /theeye/event-types/{category}/{name}/proposal": {
    asks: "/theeye/event-types/page%20interaction/pageview/proposal",
    shows: '"drawn_from":2',
  },
  "post /theeye/event-types/{category}/{name}/check": {
    asks: "/theeye/event-types/page%20interaction/pageview/check",
    body: { schema: { required: ["absent"] } },
    shows: '"stored":{"checked":2',
  },
  "post /theeye/funnels": {
    asks: "/theeye/funnels",
    body: { start_date: "2021-01-01", end_date: "2021-01-02", steps: [{}, {}], group_by: "application" },
    shows: MINE,
  },
  "post /theeye/paths": {
    asks: "/theeye/paths",
    body: { start_date: "2021-01-01", end_date: "2021-01-02", start: {} },
    shows: "pageview",
  },
  "get /theeye/retention": { asks: `/theeye/retention?${RANGE}`, shows: '"rows_read"' },
  "get /theeye/visitors/{id}": "closed",
  "get /theeye/questions": "closed",
  "get /theeye/questions/{name}": "closed",
  "get /theeye/questions/{name}/versions": "closed",
  "put /theeye/questions/{name}": "closed",
  "post /theeye/questions/{name}/run": "closed",
  "delete /theeye/questions/{name}": "closed",
  // A job is shown to keys that can read everything it covers; test/api/sequences tests it.
  "get /theeye/jobs/{id}": "the same for all",
  "get /": "the same for all",
  "get /eye": "the same for all",
  "get /openapi.json": "the same for all",
  "get /problems/{code}": "the same for all",
  "get /health": "closed",
  "post /theeye/events": "closed",
  "post /theeye/errors/replay": "closed",
  "delete /theeye/sessions/{id}": "closed",
  "delete /theeye/visitors/{id}": "closed",
  "delete /theeye/errors/{id}": "closed",
  "get /theeye/erasures": "closed",
  "get /theeye/erasures/{id}": "closed",
  "post /theeye/replays/{id}/resume": "closed",
  "post /theeye/replays/{id}/cancel": "closed",
  "put /theeye/event-types/{category}/{name}": "closed",
  "patch /theeye/event-types/{category}/{name}": "closed",
  "delete /theeye/event-types/{category}/{name}": "closed",
  "get /theeye/settings": "closed",
  "put /theeye/settings": "closed",
  "get /theeye/storage": "closed",
  "get /theeye/storage/missing": "closed",
  "post /theeye/storage/accept-loss": "closed",
  "post /theeye/storage/compact": "closed",
  "post /theeye/alerts": "closed",
  "get /theeye/alerts": "closed",
  "get /theeye/alerts/{name}": "closed",
  "delete /theeye/alerts/{name}": "closed",
  "post /theeye/applications": "closed",
  "get /theeye/applications": "closed",
  "get /theeye/applications/{name}": "closed",
  "patch /theeye/applications/{name}": "closed",
  "delete /theeye/applications/{name}": "closed",
  "post /theeye/applications/{name}/keys": "closed",
  "delete /theeye/applications/{name}/keys/{id}": "closed",
};

interface Document {
  paths: Record<string, Record<string, { operationId: string }>>;
}

const document: Document = JSON.parse(JSON.stringify(openApiDocument()));

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => `${method} ${path}`),
);

const databases = databasesOf(env);

beforeAll(async () => {
  await seedLocalKeys();
  await seedKey(BOUND, "read", { application: MINE, applications: [MINE] });
  const mine = { application: MINE, session: SHARED };
  const hidden = { application: HIDDEN, name: `${HIDDEN} name` };
  await store(databases, {
    events: [
      eventRow({ ...mine, id: "mine-1", occurredAt: MORNING + 10 }),
      eventRow({ ...hidden, session: SHARED, id: `${HIDDEN}-1`, occurredAt: MORNING + 5, data: `{"${HIDDEN}":1}` }),
      eventRow({ ...hidden, session: SHARED, id: `${HIDDEN}-2`, occurredAt: MORNING + 15 }),
      eventRow({ ...mine, id: "mine-2", occurredAt: MORNING + 20 }),
      eventRow({ ...hidden, session: SHARED, id: `${HIDDEN}-3`, occurredAt: MORNING + 30 }),
      eventRow({ ...hidden, session: `${HIDDEN} session`, id: `${HIDDEN}-4`, occurredAt: MORNING + 40 }),
      eventRow({ application: HIDDEN, session: `${HIDDEN} session`, id: `${HIDDEN}-5`, occurredAt: MORNING + 50 }),
      eventRow({ application: HIDDEN, category: "registered", name: "type", session: `${HIDDEN} session` }),
    ],
    errors: [
      errorRow({ ...mine, id: "error-mine", content: `{"data":null,"${MINE}":1}` }),
      errorRow({ ...hidden, session: SHARED, id: `error-${HIDDEN}`, receivedAt: MORNING + 1 }),
      errorRow({ id: `error-${HIDDEN}-none`, application: null, session: null, category: null, name: null }),
    ],
  });
  const [home] = databases;
  if (home === undefined) throw new Error("There is no database.");
  const any = { code: null, session: null, category: null, name: null, from: null, to: null };
  const replays = [
    { id: "replay-mine", selection: { filter: { ...any, application: MINE } } },
    { id: `replay-${HIDDEN}`, selection: { filter: { ...any, application: HIDDEN } } },
    { id: `replay-all-${HIDDEN}`, selection: { filter: { ...any, application: null } } },
    { id: `replay-ids-${HIDDEN}`, selection: { ids: ["error-mine"] } },
  ];
  for (const [n, replay] of replays.entries()) await insertReplay(home, { ...replay, createdAt: n + 1, repair: null });
  const type = { category: "registered", name: "type", description: null, owner: null, schema: null };
  const modes = { mode: "accept", schema_mode: "enforce", registered: true } as const;
  await saveVersion(home, { ...type, ...modes }, { now: MORNING, lead: 0 });
});

function askAs(key: string, path: string, init: RequestInit = {}): Promise<Response> {
  return ask(path, { ...init, headers: { Authorization: `Bearer ${key}` } });
}

async function textOf(key: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await askAs(key, path, init);
  return { status: response.status, text: await response.text() };
}

it("covers each operation of the OpenAPI document, and no other", () => {
  expect(Object.keys(DECISIONS).toSorted()).toEqual(operations.toSorted());
});

const shown = Object.entries(DECISIONS).flatMap(([operation, decision]) =>
  typeof decision === "string" ? [] : [{ operation, ...decision }],
);

describe.each(shown)("$operation", ({ asks, shows, body }) => {
  it("shows a bound key its own application's data, and nothing of another", async () => {
    const { status, text } = await textOf(BOUND, asks, body);
    expect(status).toBe(200);
    expect(text).toContain(String(shows));
    expect(text).not.toContain(HIDDEN);
  });

  it("shows more to a key that is not bound", async () => {
    const bound = await textOf(BOUND, asks, body);
    const all = await textOf("eye_r_local", asks, body);
    expect(all.status).toBe(200);
    const same = ["/theeye/errors/error-mine", "/theeye/replays/replay-mine"].includes(asks);
    expect(all.text === bound.text).toBe(same);
  });
});

const closed = Object.entries(DECISIONS).flatMap(([operation, decision]) => (decision === "closed" ? [operation] : []));

it.each(closed)("refuses a read key: %s", async (operation) => {
  const [method = "", path = ""] = operation.split(" ");
  const body = ["get", "delete"].includes(method) ? {} : { body: "{}" };
  const init = { method: method.toUpperCase(), ...body };
  const response = await askAs(BOUND, path.replaceAll(/\{\w+\}/g, "x"), init);
  expect(response.status).toBe(403);
});

describe("data of another application", () => {
  it.each([
    ["/theeye/sessions/hidden%20session", "/theeye/sessions/nobody"],
    [`/theeye/errors/error-${HIDDEN}`, "/theeye/errors/nobody"],
    [`/theeye/errors/error-${HIDDEN}-none`, "/theeye/errors/nobody"],
    [`/theeye/replays/replay-${HIDDEN}`, "/theeye/replays/nobody"],
    [`/theeye/replays/replay-all-${HIDDEN}`, "/theeye/replays/nobody"],
    [`/theeye/replays/replay-ids-${HIDDEN}`, "/theeye/replays/nobody"],
  ])("is answered as if it did not exist: %s", async (path, absent) => {
    const found = await textOf(BOUND, path);
    expect(found).toEqual(await textOf(BOUND, absent));
    expect(found.status).toBe(404);
  });

  it("has the same receipt as an event that never arrived", async () => {
    const receipt = (id: string) => textOf(BOUND, `/theeye/receipts?session_id=${SHARED}&id=${id}`);
    const hidden = await receipt(`${HIDDEN}-1`);
    const absent = await receipt("absent-1");
    expect(hidden.text.replaceAll(`${HIDDEN}-1`, "x")).toBe(absent.text.replaceAll("absent-1", "x"));
  });

  it.each(["events", "exports", "errors", "errors/summary", "stats", "sessions", "sessions/stats"])(
    "cannot be requested by name: %s",
    async (list) => {
      const answers = [HIDDEN, "nobody-at-all"].map((name) => textOf(BOUND, `/theeye/${list}?application=${name}`));
      const [hidden, absent] = await Promise.all(answers);
      expect(hidden).toMatchObject({ status: 403 });
      expect(absent).toEqual(hidden);
    },
  );

  it("does not affect the positions, counts and times of a session", async () => {
    const { text } = await textOf(BOUND, `/theeye/sessions/${encodeURIComponent(SHARED)}`);
    expect(JSON.parse(text)).toMatchObject({
      first_event_at: "2021-01-01T09:00:00.000010Z",
      last_event_at: "2021-01-01T09:00:00.000020Z",
      ...{ events: 2, events_at_least: 2, applications: [MINE] },
      results: [
        { id: "mine-1", position: 1 },
        { id: "mine-2", position: 2 },
      ],
    });
  });

  it("does not affect the order of the list of sessions, which refuses the times of whole sessions", async () => {
    const { text } = await textOf(BOUND, "/theeye/sessions");
    expect(JSON.parse(text)).toEqual({
      results: [{ session_id: SHARED, active_at: "2021-01-01T09:00:00.000020Z" }],
      next: null,
    });
    expect((await textOf(BOUND, "/theeye/sessions?include=times")).status).toBe(403);
  });

  it("is not what sessions are found or measured by", async () => {
    const found = async (query: string) => JSON.parse((await textOf(BOUND, `/theeye/sessions?${query}`)).text).results;
    expect(await found("max_events=2&max_seconds=0.00001")).toHaveLength(1);
    expect(await found("min_events=3")).toEqual([]);
    expect(await found(`name=${HIDDEN}%20name`)).toEqual([]);
    expect(await found(`data.${HIDDEN}=1`)).toEqual([]);
  });
});
