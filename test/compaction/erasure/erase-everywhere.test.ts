import { beforeEach, expect, it } from "vitest";
import { eraseSession } from "../../../src/compaction/erasure/erase-everywhere";
import type { ErasureIo } from "../../../src/compaction/erasure/erasure-io";
import { errorRow, eventRow, HOUR, MINUTE, MORNING, store } from "../../storage/seed";
import { compactAll, databases, emptyEverything, LATER, readArchive } from "../harness";
import { erasureIo } from "./erasure-harness";

const io = erasureIo();

beforeEach(emptyEverything);

const eventsAt = (hour: number, session: string) =>
  Array.from({ length: 6 }, (_, n) =>
    eventRow({ session, id: `${session}-${hour}-${n}`, occurredAt: MORNING + hour * HOUR + n * MINUTE }),
  );

/** Two hours of the session in the archive, one in the databases, and one error. */
async function storeEverywhere(): Promise<void> {
  await store(databases, { events: [0, 1].flatMap((hour) => [...eventsAt(hour, "own"), ...eventsAt(hour, "other")]) });
  await compactAll();
  const events = ["own", "other"].flatMap((session) => eventsAt(3_000, session));
  await store(databases, { events, errors: ["own", "other"].map((session) => errorRow({ session, id: session })) });
}

const erase = (left: number, changes: Partial<ErasureIo> = {}, before = LATER) =>
  eraseSession({ session: "own", before }, { ...io, ...changes }, { left });

async function hotSessions(): Promise<string[]> {
  const found: string[] = [];
  for (const { binding } of databases) {
    for (const table of ["events_2", "errors"]) {
      const { results } = await binding
        .prepare(`SELECT session_id AS session FROM ${table}`)
        .all<{ session: string }>();
      found.push(...results.map(({ session }) => session));
    }
  }
  return found.sort();
}

const archivedSessions = async () => new Set((await readArchive()).map(({ session }) => session));

it("erases the session from the databases, then from one file of the archive at a time", async () => {
  await storeEverywhere();
  // The databases, and the first file.
  expect(await erase(40)).toEqual({ isDone: false, events: 12, errors: 1 });
  expect(await hotSessions()).toEqual(Array.from({ length: 7 }, () => "other"));
  expect(await erase(40)).toEqual({ isDone: false, events: 6, errors: 0 });
  expect(await archivedSessions()).toEqual(new Set(["other"]));
  // Only a call that finds nothing left is done.
  expect(await erase(40)).toEqual({ isDone: true, events: 0, errors: 0 });
});

it("spends the whole budget on a file", async () => {
  await storeEverywhere();
  const budget = { left: 40 };
  await eraseSession({ session: "own", before: LATER }, io, budget);
  expect(budget.left).toBe(0);
});

it("is not done once the budget is spent, and searches no archive then", async () => {
  await storeEverywhere();
  expect(await erase(0)).toEqual({ isDone: false, events: 0, errors: 0 });
  expect(await erase(1)).toEqual({ isDone: false, events: 6, errors: 0 });
  expect(await erase(1)).toEqual({ isDone: false, events: 0, errors: 1 });
  expect(await archivedSessions()).toEqual(new Set(["own", "other"]));
  expect(await hotSessions()).toEqual(Array.from({ length: 7 }, () => "other"));
});

it("leaves what was received after the request", async () => {
  await storeEverywhere();
  for (let call = 0; call < 3; call++) await erase(40, {}, MORNING + HOUR);
  const own = (await readArchive()).filter(({ session }) => session === "own");
  expect(own.map(({ id }) => id)).toEqual(eventsAt(1, "own").map(({ id }) => id));
  expect((await hotSessions()).filter((session) => session === "own")).toHaveLength(6);
});

it("is done with the databases if there is no archive", async () => {
  await store(databases, { events: eventsAt(0, "own") });
  expect(await erase(40, { archive: null })).toEqual({ isDone: true, events: 6, errors: 0 });
});
