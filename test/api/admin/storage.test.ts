import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { leastDaysLeft } from "../../../src/storage/admin/storage-outlook";
import { compactAll, databases, emptyEverything, ioWith, LATER, MOVING_ERRORS } from "../../compaction/harness";
import { seedLocalKeys } from "../../http/auth/seed";
import { errorRow, eventRow, HOUR, MORNING, store } from "../../storage/seed";
import { ask } from "../ask";

beforeAll(seedLocalKeys);
beforeEach(emptyEverything);

const show = async () => (await ask("/theeye/storage")).json<Record<string, unknown[]>>();

it("shows databases and partitions while events lie there, and in the archive", async () => {
  const events = Array.from({ length: 60 }, (_, n) =>
    eventRow({ session: `session-${n}`, occurredAt: MORNING + n * 60_000_000 }),
  );
  await store(databases, { events, errors: [errorRow(), errorRow()] }, HOUR);
  const before = await show();
  expect(before).toMatchObject({
    archive: true,
    partitions: [{ state: "open", events: 60, archived_events: 0, files: 0, failure: null }],
    archived_errors: { errors: 0, files: 0 },
    deletions: [],
  });
  expect(before.databases).toHaveLength(databases.length);
  expect(before.databases?.[0]).toMatchObject({
    ...{ database: 0, bytes: expect.any(Number), events_of_last_day: 0 },
    ...{ oldest: new Date(MORNING / 1_000).toISOString().replace("Z", "000Z"), days_left: null },
  });
  await compactAll(ioWith({ settings: MOVING_ERRORS }));
  expect(await show()).toMatchObject({
    partitions: [{ state: "dropped", events: 0, archived_events: 60, files: expect.any(Number), copied_events: 60 }],
    archived_errors: { errors: 2 },
  });
});

it("says how many days are left at the rate of the last day", async () => {
  const now = Date.now() * 1_000;
  const events = Array.from({ length: 40 }, (_, n) =>
    eventRow({ session: `session-${n}`, occurredAt: now - (n % 20) * HOUR, receivedAt: now }),
  );
  await store(databases, { events });
  const { databases: shown } = await show();
  const days = (shown ?? [])
    .map((one) => (one as { days_left: number | null }).days_left)
    .filter((one) => one !== null);
  expect(days.length).toBeGreaterThan(0);
  const least = await leastDaysLeft(databases, now);
  expect(Math.round((least ?? 0) * 10) / 10).toBeCloseTo(Math.min(...days), 0);
  expect(await leastDaysLeft(databases, LATER + 4_000 * 24 * HOUR)).toBeNull();
});

it("takes a retention of one application, and shows it", async () => {
  await store(databases, { events: [eventRow()] });
  const storage = {
    ...{ hot_days: 30, hot_bytes: 6_000_000_000 },
    retention: { events_days: 730, errors_days: null, applications: { shop: { events_days: 90, errors_days: 30 } } },
  };
  const body = { unregistered_event_types: "accept", storage };
  const answered = await ask("/theeye/settings", { method: "PUT", body: JSON.stringify(body) });
  expect(answered.status).toBe(200);
  expect(await (await ask("/theeye/settings")).json()).toMatchObject({ storage });
  const wrong = { ...storage, retention: { ...storage.retention, applications: { shop: { events_days: 0 } } } };
  const refused = await ask("/theeye/settings", { method: "PUT", body: JSON.stringify({ ...body, storage: wrong }) });
  expect(refused.status).toBe(400);
});

it("compacts on request on a developer's machine alone, for admin keys", async () => {
  expect((await ask("/theeye/storage/compact", { method: "POST" })).status).toBe(200);
  const deployed = { ...env, ADMIN_KEY: `eye_a_${"x".repeat(30)}` };
  expect((await ask("/theeye/storage/compact", { method: "POST" }, deployed)).status).toBeGreaterThanOrEqual(401);
  const headers = { Authorization: "Bearer eye_r_local" };
  expect((await ask("/theeye/storage", { headers })).status).toBe(403);
});
