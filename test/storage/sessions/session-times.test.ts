import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { lanesOfSessions, partitionsOfSession, sessionTimes } from "../../../src/storage/sessions/session-times";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, partitionsOf, store } from "../seed";

const databases = databasesOf(env);
const NARROW = HOUR;
const UUID = "e2085be5-9137-4e4e-80b5-f1ffddc25423";

const mapNow = () => partitionsOf(databases).latest();

const at = (minute: number, session: string) => eventRow({ session, occurredAt: MORNING + minute * MINUTE });

beforeEach(async () => {
  await emptyDatabases(databases);
});

describe("the partitions of a session", () => {
  it("are those that hold its events, in the given order", async () => {
    await store(databases, { events: [at(0, UUID), at(61, "other"), at(125, UUID), at(190, "other")] }, NARROW);
    const { partitions } = await mapNow();
    const found = await partitionsOfSession(databases, partitions.toReversed(), UUID);
    expect(found.map(({ from }) => from)).toEqual([MORNING + 2 * HOUR, MORNING]);
    expect(await partitionsOfSession(databases, partitions, "nobody")).toEqual([]);
    expect(await partitionsOfSession(databases, [], UUID)).toEqual([]);
  });
});

describe("the lanes of sessions", () => {
  it("have the windows in which each session has events, in order of time", async () => {
    const events = [at(0, "a"), at(50, "a"), at(70, "a"), at(20, "b")];
    await store(databases, { events }, NARROW);
    const found = await lanesOfSessions(databases, await mapNow(), ["a", "b", "nobody"]);
    const window = MORNING / (15 * MINUTE);
    expect(found.map(({ session, first, last }) => [session, first - window, last - window])).toEqual([
      ["a", 0, 3],
      ["b", 1, 1],
      ["a", 4, 4],
    ]);
  });
});

describe("the times of sessions", () => {
  it("are those of their first and last events, over several partitions", async () => {
    const events = [at(3, "a"), at(1, "a"), at(200, "a"), at(90, UUID)];
    await store(databases, { events }, NARROW);
    const times = await sessionTimes(databases, await mapNow(), ["a", UUID, "nobody"]);
    expect(Object.fromEntries(times)).toEqual({
      a: { firstEventAt: MORNING + MINUTE, lastEventAt: MORNING + 200 * MINUTE },
      [UUID]: { firstEventAt: MORNING + 90 * MINUTE, lastEventAt: MORNING + 90 * MINUTE },
    });
  });

  it("include late events of the same quarter of an hour", async () => {
    await store(databases, { events: [at(5, "a")] }, NARROW);
    const partition = (await mapNow()).find(MORNING);
    if (partition === null) throw new Error("no partition covers the morning");
    await sealPartition(databases, partition);
    await store(databases, { events: [at(2, "a"), at(9, "a")] }, NARROW);
    const times = await sessionTimes(databases, await mapNow(), ["a"]);
    expect(times.get("a")).toEqual({ firstEventAt: MORNING + 2 * MINUTE, lastEventAt: MORNING + 9 * MINUTE });
  });

  it("are empty without sessions", async () => {
    expect(await sessionTimes(databases, await mapNow(), [])).toEqual(new Map());
  });
});
