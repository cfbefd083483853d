import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf } from "../../src/storage/core/databases";
import { compactAll } from "../compaction/harness";
import { seedKey, seedLocalKeys } from "../http/auth/seed";
import { errorRow, eventRow, MINUTE, MORNING, store } from "../storage/seed";
import { ask } from "./ask";

/** As in bound-keys.test.ts, with all events in the archive: of the files, too, a bound key sees its own applications alone. */
const HIDDEN = "hidden";
const MINE = "mine-application";
const BOUND = "eye_r_bound-to-one-application";
const RANGE = "start_date=2021-01-01&end_date=2021-01-02";
const SHARED = "shared session";

const databases = databasesOf(env);

beforeAll(async () => {
  await seedLocalKeys();
  await seedKey(BOUND, "read", { application: MINE, applications: [MINE] });
  const mine = { application: MINE, session: SHARED, visitor: "v" };
  const hidden = { application: HIDDEN, name: `${HIDDEN} name`, data: `{"${HIDDEN}":1}`, visitor: "v" };
  await store(databases, {
    events: [
      ...Array.from({ length: 30 }, (_, n) =>
        eventRow({ ...hidden, session: SHARED, id: `${HIDDEN}-${n}`, occurredAt: MORNING + n * MINUTE }),
      ),
      eventRow({ ...mine, id: "mine-1", occurredAt: MORNING + 10 }),
      eventRow({ ...mine, id: "mine-2", occurredAt: MORNING + 20 * MINUTE + 1 }),
      eventRow({ ...hidden, session: `${HIDDEN} session`, id: `${HIDDEN}-other`, occurredAt: MORNING + 40 }),
    ],
    errors: [
      errorRow({ application: MINE, session: SHARED, id: "error-mine" }),
      errorRow({ application: HIDDEN, name: `${HIDDEN} name`, session: SHARED, id: `error-${HIDDEN}` }),
    ],
  });
  await compactAll();
});

async function textOf(key: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await ask(path, { ...init, headers: { Authorization: `Bearer ${key}` } });
  return { status: response.status, text: await response.text() };
}

const ANY = { start_date: "2021-01-01", end_date: "2021-01-02" };

describe.each<[path: string, shows: string, body?: unknown]>([
  [`/theeye/events?${RANGE}`, '"id":"mine-2"'],
  [`/theeye/events?${RANGE}&application=${MINE}`, '"id":"mine-2"'],
  [`/theeye/events?session_id=${SHARED}`, '"id":"mine-2"'],
  [`/theeye/events?${RANGE}&category=page%20interaction&order=desc`, '"id":"mine-1"'],
  [`/theeye/sessions/${encodeURIComponent(SHARED)}`, '"events":2'],
  [`/theeye/receipts?session_id=${SHARED}&id=mine-2`, '"position":2'],
  [`/theeye/stats?${RANGE}&group_by=application,name&interval=hour`, MINE],
  [`/theeye/exports?${RANGE}`, "mine-2"],
  [`/theeye/exports?${RANGE}&format=csv`, "mine-2"],
  ["/theeye/errors", "error-mine"],
])("%s", (path, shows, body) => {
  it("shows a bound key what its own application sent, and nothing of another", async () => {
    const { status, text } = await textOf(BOUND, path, body);
    expect([status, text]).toEqual([200, expect.stringContaining(shows)]);
    expect(text).not.toContain(HIDDEN);
    // The same question shows more to a key that is not bound, unless it names the application or one event.
    const all = await textOf("eye_r_local", path, body);
    const isNamed = path.includes("application=") || path.includes("receipts");
    expect([all.status, all.text === text]).toEqual([200, isNamed]);
  });
});

it("reads the events from the files indeed", async () => {
  const { text } = await textOf(BOUND, `/theeye/events?${RANGE}&order=asc`);
  expect(JSON.parse(text)).toMatchObject({ from_archive: true, results: [{ id: "mine-1" }, { id: "mine-2" }] });
});

// Some of these cannot be answered from the files. A refusal must say as little as an answer.
it.each<[path: string, body?: unknown]>([
  ["/theeye/funnels", { ...ANY, steps: [{}, {}], group_by: "application" }],
  ["/theeye/paths", { ...ANY, start: {} }],
  [`/theeye/retention?${RANGE}`],
  [`/theeye/sessions/stats?${RANGE}&group_by=application`],
  [`/theeye/stats?${RANGE}&interval=minute&group_by=application`],
  [`/theeye/stats?${RANGE}&metric=sessions&group_by=application`],
  ["/theeye/properties?category=page%20interaction&name=pageview"],
  ["/theeye/event-types/page%20interaction/pageview/proposal"],
  [`/theeye/sessions?${RANGE}`],
  [`/theeye/sessions?${RANGE}&include=times`],
  ["/theeye/errors/summary?start_date=2021-01-01&end_date=2021-01-02"],
])("says nothing of another application where it cannot answer from the archive: %s", async (path, body) => {
  const { status, text } = await textOf(BOUND, path, body);
  expect([200, 400, 403, 404, 422]).toContain(status);
  expect(text).not.toContain(HIDDEN);
});

it.each([
  [`/theeye/sessions/${encodeURIComponent(`${HIDDEN} session`)}`, "/theeye/sessions/nobody"],
  [`/theeye/errors/error-${HIDDEN}`, "/theeye/errors/nobody"],
])("answers for %s as for what is not there", async (path, absent) => {
  expect(await textOf(BOUND, path)).toEqual(await textOf(BOUND, absent));
});

it("gives the receipt of another application's archived event as that of one that never arrived", async () => {
  const receipt = (id: string) => textOf(BOUND, `/theeye/receipts?session_id=${SHARED}&id=${id}`);
  const hidden = await receipt(`${HIDDEN}-1`);
  const absent = await receipt("absent-1");
  expect(hidden.text.replaceAll(`${HIDDEN}-1`, "x")).toBe(absent.text.replaceAll("absent-1", "x"));
});
