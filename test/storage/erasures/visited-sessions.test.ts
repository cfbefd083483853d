import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { nextVisitedSessions, type VisitPlace } from "../../../src/storage/erasures/visited-sessions";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MORNING, store } from "../seed";

const databases = databasesOf(env);
const SESSIONS = Array.from({ length: 12 }, (_, n) => `session-${n}`);

beforeAll(async () => {
  await emptyDatabases(databases);
  const events = SESSIONS.map((session, n) =>
    eventRow({ session, occurredAt: MORNING + (n % 2) * HOUR, visitor: n === 11 ? "bert" : "vera" }),
  );
  await store(databases, { events }, HOUR);
});

it.each([1, 3, 100])("visits each session of a visitor once, %i at a time, from any place", async (limit) => {
  const visited: string[] = [];
  let place: VisitPlace | null = null;
  for (;;) {
    const some = await nextVisitedSessions(databases, "vera", place, limit);
    expect(some.length).toBeLessThanOrEqual(limit);
    const last = some.at(-1);
    if (last === undefined) break;
    visited.push(...some.map(({ session }) => session));
    place = last.place;
  }
  expect(visited.toSorted()).toEqual(SESSIONS.slice(0, 11).toSorted());
});

it("finds nothing for an unknown visitor", async () => {
  expect(await nextVisitedSessions(databases, "nobody", null, 10)).toEqual([]);
});
