import { beforeEach, expect, it, vi } from "vitest";
import { eraseRestoredSessions } from "../../../../src/compaction/erasure/restore/erase-restored-sessions";
import { databaseOf } from "../../../../src/storage/partitions/partition";
import { eventRow, HOUR, store } from "../../../storage/seed";
import { databases, LATER } from "../../harness";
import { begin, EVENTS, emptyWorld, everything, io, PATIENT } from "./restored-world";

vi.setConfig(PATIENT);

beforeEach(emptyWorld);

type Scan = Parameters<typeof eraseRestoredSessions>[2];

const START: Scan = { place: null, todo: [] };

/** Steps until the end. Returns what each of them erased. */
async function allSteps(restored = databases, left = 40) {
  const erased: { sessions: number; events: number }[] = [];
  for (let scan: Scan | null = START; scan !== null && erased.length < 50; ) {
    const { next, sessions, events } = await eraseRestoredSessions(io, restored, scan, { left });
    erased.push({ sessions, events });
    scan = next;
  }
  return {
    sessions: erased.reduce((sum, { sessions }) => sum + sessions, 0),
    events: erased.reduce((sum, { events }) => sum + events, 0),
    steps: erased.length,
  };
}

it("finds stored sessions that have a tombstone in one step, and erases them in the next", async () => {
  await store(databases, { events: EVENTS });
  await begin({ kind: "session", id: "session-1" });
  const found = await eraseRestoredSessions(io, databases, START, { left: 40 });
  expect(found).toMatchObject({ next: { todo: [{ session: "session-1", before: LATER }] }, sessions: 0, events: 0 });
  expect(await everything()).toContain("payload-of-1");
  if (found.next === null) throw new Error("a session is erased");
  const erased = await eraseRestoredSessions(io, databases, found.next, { left: 40 });
  expect(erased).toEqual({ next: { place: found.next.place, todo: [] }, sessions: 1, events: 5, errors: 0 });
  expect(await everything()).not.toContain("payload-of-1");
});

it("erases every session with a tombstone in the databases and lanes, and no other", async () => {
  const later = EVENTS.map((row) => ({ ...row, id: `${row.id}-later`, occurredAt: row.occurredAt + 3 * HOUR }));
  await store(databases, { events: [...EVENTS, ...later] }, HOUR);
  for (const n of [0, 2, 5]) await begin({ kind: "session", id: `session-${n}` });
  expect(await allSteps()).toMatchObject({ events: 30 });
  const left = await everything();
  for (const n of [0, 2, 5]) expect(left).not.toContain(`payload-of-${n}`);
  for (const n of [1, 3, 4]) expect(left).toContain(`payload-of-${n}`);
});

it("examines the restored databases only", async () => {
  await store(databases, { events: EVENTS });
  await begin({ kind: "session", id: "session-1" });
  const home = databaseOf({ databases: databases.map(({ index }) => index) }, "session-1");
  const others = databases.filter(({ index }) => index !== home);
  expect(await allSteps(others)).toMatchObject({ sessions: 0, events: 0 });
  expect(await allSteps(databases.filter(({ index }) => index === home))).toMatchObject({ sessions: 1, events: 5 });
});

it("keeps the sessions for which the budget did not suffice for the next step", async () => {
  await store(databases, { events: [0, 1, 2].map((n) => eventRow({ session: `session-${n}`, data: '{"erased":1}' })) });
  for (const n of [0, 1, 2]) await begin({ kind: "session", id: `session-${n}` });
  const todo = [0, 1, 2].map((n) => ({ session: `session-${n}`, before: LATER }));
  const { next, sessions, events } = await eraseRestoredSessions(io, databases, { place: null, todo }, { left: 2 });
  // One transaction for each; the last one of the budget leaves its session to be looked at again.
  expect([sessions, events, next?.todo]).toEqual([1, 2, todo.slice(1)]);
});

it("is at its end at once without sessions", async () => {
  expect(await allSteps()).toEqual({ sessions: 0, events: 0, steps: 1 });
});
