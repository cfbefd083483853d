import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { packId } from "../../../src/storage/core/packed-id";
import { withPartitions } from "../../../src/storage/partitions/known-partitions";
import { windowOf } from "../../../src/storage/partitions/partition";
import { SAMPLE_KEYS, sampleKeyOf } from "../../../src/storage/partitions/sample-key";
import {
  type CountedEvents,
  readWindowEvents,
  TooManySessions,
} from "../../../src/storage/session-counts/window-events";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../seed";

const databases = databasesOf(env);
const ALL = { low: 0, high: SAMPLE_KEYS };
const HOUR_OF_EVENTS: CountedEvents = { from: MORNING, to: MORNING + HOUR, applications: null, hasDetails: false };

beforeEach(() => emptyDatabases(databases));

const read = (question: CountedEvents = HOUR_OF_EVENTS, slice = ALL) =>
  withPartitions(databases, (map) => readWindowEvents(databases, map, question, slice));

it("adds up the events of a session in a window, by dimension key", async () => {
  const session = { session: "s" };
  await store(databases, {
    events: [
      eventRow({ ...session, occurredAt: MORNING + 1, receivedAt: MORNING + 9_000 }),
      eventRow({ ...session, occurredAt: MORNING + 14 * MINUTE, receivedAt: MORNING + 15 * MINUTE }),
      eventRow({ ...session, occurredAt: MORNING + 15 * MINUTE }),
      eventRow({ ...session, occurredAt: MORNING + 1, application: "blog" }),
    ],
  });
  const found = (await read()).map(({ session: packed, window, application, events, first, last }) => ({
    ...{ packed, window, application, events, first, last },
  }));
  const first = windowOf(MORNING);
  const own = { packed: packId("s"), window: first, application: "shop" };
  const byPlace = found.toSorted((a, b) => a.window - b.window || a.application.localeCompare(b.application));
  expect(byPlace).toEqual([
    { ...own, application: "blog", events: 1, first: MORNING + 1, last: MORNING + 1 },
    { ...own, events: 2, first: MORNING + 1, last: MORNING + 14 * MINUTE },
    { ...own, window: first + 1, events: 1, first: MORNING + 15 * MINUTE, last: MORNING + 15 * MINUTE },
  ]);
});

it("reads only the range, and the applications", async () => {
  const moments = [MORNING - 1, MORNING, MORNING + HOUR - 1, MORNING + HOUR];
  await store(databases, {
    events: moments.flatMap((occurredAt, n) => [
      eventRow({ session: `s${n}`, occurredAt }),
      eventRow({ session: `b${n}`, occurredAt, application: "blog" }),
    ]),
  });
  const sessions = async (question: CountedEvents) => (await read(question)).map((one) => one.session).sort();
  expect(await sessions({ ...HOUR_OF_EVENTS, applications: ["blog"] })).toEqual(["b1", "b2"].map(packId).sort());
  expect(await sessions(HOUR_OF_EVENTS)).toEqual(["s1", "s2", "b1", "b2"].map(packId).sort());
});

it("finds each session in one slice of the sample keys", async () => {
  const names = Array.from({ length: 40 }, (_, n) => `session-${n}`);
  await store(databases, { events: names.map((session) => eventRow({ session })) });
  const slices = [0, 1, 2, 3].map((n) => ({ low: (n * SAMPLE_KEYS) / 4, high: ((n + 1) * SAMPLE_KEYS) / 4 }));
  const found: string[] = [];
  for (const slice of slices) {
    const own = (await read(HOUR_OF_EVENTS, slice)).map(({ session }) => session);
    const expected = names.filter((name) => sampleKeyOf(name) >= slice.low && sampleKeyOf(name) < slice.high);
    expect(own.toSorted()).toEqual(expected.map(packId).sort());
    found.push(...own);
  }
  expect(found.sort()).toEqual(names.map(packId).sort());
});

it("refuses a slice with as many groups as one statement returns", async () => {
  // One session for each application is enough: the groups are those of one database.
  await store(databases, {
    events: Array.from({ length: 3 }, (_, n) => eventRow({ session: "s", application: `app-${n}` })),
  });
  await expect(read({ ...HOUR_OF_EVENTS, mostGroups: 3 })).rejects.toThrow(TooManySessions);
  expect(await read({ ...HOUR_OF_EVENTS, mostGroups: 4 })).toHaveLength(3);
});

it("has another mark when another event takes the place of one", async () => {
  await store(databases, { events: [eventRow({ session: "s", id: "one" }), eventRow({ session: "t", id: "two" })] });
  const [a, b] = await read();
  expect(a?.mark).not.toBe(b?.mark);
});

it("divides the events of a session by visitor if these are wanted", async () => {
  const visits = ["v", "w", "v", null].map((visitor, n) =>
    eventRow({ session: "s", occurredAt: MORNING + n, visitor }),
  );
  await store(databases, { events: visits });
  const groups = async (hasDetails: boolean) =>
    (await read({ ...HOUR_OF_EVENTS, hasDetails })).map(({ visitor, events }) => [visitor, events]);
  expect(await groups(false)).toEqual([[null, 4]]);
  expect((await groups(true)).sort()).toEqual([
    [null, 1],
    [packId("v"), 2],
    [packId("w"), 1],
  ]);
});
