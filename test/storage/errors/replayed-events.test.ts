import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { replayedAmong } from "../../../src/storage/errors/replayed-events";
import { emptyDatabases } from "../empty-databases";
import { errorRow, eventRow, MORNING, store } from "../seed";

const databases = databasesOf(env);

beforeEach(async () => {
  await emptyDatabases(databases);
  await store(databases, { errors: [errorRow({ id: "error", session: null, receivedAt: MORNING + 5 })] });
  for (const { binding } of databases) {
    await binding
      .prepare("UPDATE errors SET resolved_at = 1, resolved_session = 'replayed', resolved_occurred_at = ?1")
      .bind(MORNING)
      .run();
  }
});

const REPLAYED = { session: "replayed", occurredAt: MORNING, receivedAt: MORNING + 5 };

it("finds the events that came from a replay, in whichever database their error is", async () => {
  const rows = [eventRow({ session: "sent" }), eventRow(REPLAYED), eventRow({ session: "sent too" })];
  expect([...(await replayedAmong(databases, rows))]).toEqual([rows[1]]);
});

it.each([{ session: "other" }, { occurredAt: MORNING + 1 }, { receivedAt: MORNING + 6 }])(
  "needs the same session, timestamp and receipt: not with %j",
  async (other) => {
    expect((await replayedAmong(databases, [eventRow({ ...REPLAYED, ...other })])).size).toBe(0);
  },
);

it("finds none among none", async () => {
  expect((await replayedAmong(databases, [])).size).toBe(0);
});
