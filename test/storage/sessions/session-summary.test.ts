import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf, metered } from "../../../src/storage/core/databases";
import { MAX_EVENTS_COUNTED } from "../../../src/storage/core/read-limits";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { summariseSession } from "../../../src/storage/sessions/session-summary";
import { emptyDatabases } from "../empty-databases";
import { eventRow, MINUTE, MORNING, partitionsOf, store } from "../seed";

const databases = databasesOf(env);

const NARROW = 15 * MINUTE;

beforeEach(() => emptyDatabases(databases));

describe("summariseSession", () => {
  it("returns nothing for a session without events", async () => {
    await store(databases, { events: [eventRow({ session: "another" })] });
    expect(await summariseSession(databases, "nobody", null)).toBeNull();
  });

  it("sums the events of several applications, over several partitions and late events", async () => {
    const rows = ["shop", "blog", "shop"].map((application, n) =>
      eventRow({ application, occurredAt: MORNING + n * 20 * MINUTE + n }),
    );
    await store(databases, { events: rows }, NARROW);
    const partition = (await partitionsOf(databases).latest()).find(MORNING);
    if (partition === null) throw new Error("The morning has no partition.");
    await sealPartition(databases, partition);
    await store(databases, { events: [eventRow({ application: "late", occurredAt: MORNING - 1 + 1 })] }, NARROW);
    expect(await summariseSession(databases, "session", null)).toEqual({
      firstEventAt: MORNING,
      lastEventAt: MORNING + 40 * MINUTE + 2,
      events: 4,
      applications: ["blog", "late", "shop"],
    });
    expect(await summariseSession(databases, "session", ["blog", "nobody"])).toEqual({
      ...{ firstEventAt: MORNING + 20 * MINUTE + 1, lastEventAt: MORNING + 20 * MINUTE + 1 },
      ...{ events: 1, applications: ["blog"] },
    });
    expect(await summariseSession(databases, "session", ["nobody"])).toBeNull();
  });

  it("counts up to its limit", async () => {
    const rows = Array.from({ length: MAX_EVENTS_COUNTED + 50 }, (_, n) => eventRow({ occurredAt: MORNING + n }));
    await store(databases, { events: rows });
    expect((await summariseSession(databases, "session", null))?.events).toBe(MAX_EVENTS_COUNTED + 1);
    expect((await summariseSession(databases, "session", ["shop"]))?.events).toBe(MAX_EVENTS_COUNTED + 1);
  });

  it("counts the events of several partitions in about as many rows read", async () => {
    const rows = Array.from({ length: 3_000 }, (_, n) => eventRow({ occurredAt: MORNING + (n % 3) * NARROW + n }));
    await store(databases, { events: rows }, NARROW);
    const { databases: own, meter } = metered(databases);
    expect((await summariseSession(own, "session", null))?.events).toBe(3_000);
    // Sorted, each event would be read twice.
    expect(meter.rowsRead).toBeLessThan(1.5 * 3_000);
  });
});
