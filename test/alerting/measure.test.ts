import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { type Gauges, measure } from "../../src/alerting/measure";
import type { AlertRule } from "../../src/model/alerts/alert";
import { databasesOf } from "../../src/storage/core/databases";
import { errorRow, eventRow, HOUR, MINUTE, MORNING, SECOND, store } from "../storage/seed";

const databases = databasesOf(env);
const webhook = { url: "https://hooks.example", format: "json" as const };
const NOW = MORNING + 5 * MINUTE + 30 * SECOND;

/** Partitions of an hour. One failure is just before the window of five minutes, three are in it, one is of the blog. */
beforeAll(async () => {
  const failures = [MORNING - 1, MORNING, MORNING + MINUTE, NOW].map((receivedAt) => errorRow({ receivedAt }));
  await store(
    databases,
    {
      events: [eventRow(), eventRow({ occurredAt: MORNING + 3 * MINUTE })],
      errors: [...failures, errorRow({ receivedAt: MORNING, application: "blog" })],
    },
    HOUR,
  );
});

function ask(threshold: AlertRule["threshold"], changes: Partial<AlertRule> = {}, gauges: Partial<Gauges> = {}) {
  const all = { databases, backlog: async () => 17, hasArchive: true, hotMicros: HOUR, ...gauges };
  return measure(all, { threshold, window_minutes: 5, webhook, ...changes }, NOW);
}

describe("measure", () => {
  it("counts the failures of the window's minutes and of the current one", async () => {
    expect(await ask({ failures: 1 })).toEqual({ failures: 4, stored: 0 });
    expect(await ask({ failures: 1 }, { application: "blog" })).toEqual({ failures: 1, stored: 0 });
    expect(await ask({ failures: 1 }, { window_minutes: 1 })).toEqual({ failures: 1, stored: 0 });
  });

  it("counts stored events only for a share", async () => {
    expect(await ask({ share: 0.5, at_least: 1 })).toEqual({ failures: 4, stored: 2 });
    expect(await ask({ share: 0.5, at_least: 1 }, { event_name: "click" })).toEqual({ failures: 0, stored: 0 });
  });

  it("measures a number of stored events", async () => {
    expect(await ask({ metric: "events", above: 1 })).toMatchObject({ value: 2 });
  });

  it("asks the queue for its backlog, which it may not know", async () => {
    expect(await ask({ backlog: 1 })).toEqual({ value: 17 });
    expect(await ask({ backlog: 1 }, {}, { backlog: async () => null })).toEqual({ value: null });
  });

  it("measures in hours how long a partition is overdue for the archive, if there is one", async () => {
    const late = { databases, backlog: async () => null, hasArchive: true, hotMicros: HOUR };
    const rule = { threshold: { archive_hours: 6 }, webhook };
    // The partition of the hour from MORNING on ends an hour later, and stays for another one.
    expect(await measure(late, rule, MORNING + 4 * HOUR)).toEqual({ value: 2 });
    expect(await measure({ ...late, hasArchive: false }, rule, MORNING + 4 * HOUR)).toEqual({ value: null });
  });

  it("measures in how many days a database is full", async () => {
    const measured = await ask({ days_left: 7 });
    expect("value" in measured ? measured.value : null).toBeGreaterThan(1_000);
  });
});
