import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { packId } from "../../../src/storage/core/packed-id";
import { withPartitions } from "../../../src/storage/partitions/known-partitions";
import { windowOf } from "../../../src/storage/partitions/partition";
import {
  findWindows,
  hotSince,
  readEarlierEvents,
  type WindowSearch,
} from "../../../src/storage/session-counts/earlier-windows";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, QUARTER, store } from "../seed";

const databases = databasesOf(env);
const NOW = windowOf(MORNING);
const BEFORE: WindowSearch = { direction: "before", window: NOW, notBefore: 0, most: 10 };

beforeEach(() => emptyDatabases(databases));

/** Events of some sessions in windows beside NOW. */
async function seed(windows: Record<string, readonly number[]>): Promise<void> {
  await store(databases, {
    events: Object.entries(windows).flatMap(([session, own]) =>
      own.map((n) => eventRow({ session, occurredAt: MORNING + n * QUARTER })),
    ),
  });
}

const find = (sessions: readonly string[], search: WindowSearch) =>
  withPartitions(databases, (map) => findWindows(databases, map, sessions.map(packId), search));

async function windowsOf(session: string, search: WindowSearch): Promise<number[]> {
  const found = await find([session], search);
  return [...(found.get(packId(session))?.keys() ?? [])].map((window) => window - NOW).sort((a, b) => a - b);
}

describe("findWindows", () => {
  it("finds the windows before one, newest first, or those after it", async () => {
    await seed({ s: [-5, -3, -1, 0, 2, 4] });
    expect(await windowsOf("s", BEFORE)).toEqual([-5, -3, -1]);
    expect(await windowsOf("s", { ...BEFORE, most: 2 })).toEqual([-3, -1]);
    expect(await windowsOf("s", { ...BEFORE, notBefore: NOW - 3 })).toEqual([-3, -1]);
    expect(await windowsOf("s", { ...BEFORE, direction: "after" })).toEqual([2, 4]);
    expect(await windowsOf("s", { ...BEFORE, direction: "after", most: 1 })).toEqual([2]);
  });

  it("finds those of each session in its database, and none of sessions that have none", async () => {
    const names = Array.from({ length: 12 }, (_, n) => `s${n}`);
    await seed(Object.fromEntries(names.map((name, n) => [name, n < 6 ? [-1 - n] : [0]])));
    const found = await find([...names, "unknown"], BEFORE);
    const expected = names.slice(0, 6).map((name, n) => [packId(name), [NOW - 1 - n]]);
    expect(new Map([...found].map(([session, windows]) => [session, [...windows.keys()]]))).toEqual(
      new Map(expected.map(([name, windows]) => [name, windows])),
    );
  });

  it("looks nowhere if no window can be of interest", async () => {
    await seed({ s: [-1] });
    expect(await find(["s"], { ...BEFORE, notBefore: NOW + 1 })).toEqual(new Map());
    expect(await find([], BEFORE)).toEqual(new Map());
  });
});

describe("readEarlierEvents", () => {
  it("adds up the events of a window by application, and only those of the session", async () => {
    const occurredAt = MORNING - HOUR;
    await store(databases, {
      events: [
        eventRow({ session: "s", occurredAt }),
        eventRow({ session: "s", occurredAt: occurredAt + MINUTE }),
        eventRow({ session: "s", occurredAt: occurredAt + 2, application: "blog" }),
        eventRow({ session: "s", occurredAt: occurredAt + QUARTER }),
        ...Array.from({ length: 20 }, (_, n) => eventRow({ session: `other-${n}`, occurredAt })),
      ],
    });
    const windows = (await find(["s"], BEFORE)).get(packId("s")) ?? new Map();
    const wanted = [...windows].map(([window, lane]) => ({ session: packId("s"), window, lane }));
    const found = await readEarlierEvents(wanted);
    const own = { session: packId("s"), window: NOW - 4 };
    expect(found.toSorted((a, b) => a.window - b.window || a.application.localeCompare(b.application))).toEqual([
      { ...own, application: "blog", events: 1, first: occurredAt + 2, last: occurredAt + 2 },
      { ...own, application: "shop", events: 2, first: occurredAt, last: occurredAt + MINUTE },
      {
        ...own,
        window: NOW - 3,
        application: "shop",
        events: 1,
        first: occurredAt + QUARTER,
        last: occurredAt + QUARTER,
      },
    ]);
  });

  it("reads nothing if nothing is wanted", async () => {
    expect(await readEarlierEvents([])).toEqual([]);
  });
});

it("has all earlier events if no partition was archived", async () => {
  await seed({ s: [-1] });
  expect(await withPartitions(databases, async (map) => hotSince(map, MORNING))).toBe(0);
});
