import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { SessionResponse } from "../../../src/api/sessions/session";
import { databasesOf } from "../../../src/storage/core/databases";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../../storage/seed";
import { ask } from "../reading-app";

/** A session of five events, a minute apart, and another one. */
beforeAll(async () => {
  const events = Array.from({ length: 5 }, (_, n) =>
    eventRow({
      ...{ session: "visit 3", id: `${n + 1}`, occurredAt: MORNING + 3 * HOUR + n * MINUTE },
      application: n % 2 === 0 ? "blog" : "shop",
    }),
  );
  await store(databasesOf(env), { events: [...events, eventRow({ session: "visit 4" })] });
});

describe("GET /theeye/sessions/{id}", () => {
  async function show(url: string) {
    const response = await ask(url);
    expect(response.status).toBe(200);
    return v.parse(SessionResponse, await response.json());
  }

  it("returns the summary and the events in order, with positions that continue from page to page", async () => {
    const first = await show("/theeye/sessions/visit%203?limit=2");
    expect(first).toMatchObject({
      session_id: "visit 3",
      first_event_at: "2021-01-01T12:00:00.000000Z",
      last_event_at: "2021-01-01T12:04:00.000000Z",
      duration_seconds: 240,
      events: 5,
      events_at_least: 5,
      applications: ["blog", "shop"],
    });
    const second = await show(`/theeye/sessions/visit%203${first.next}`);
    const third = await show(`/theeye/sessions/visit%203${second.next}`);
    const pages = [first, second, third].map(({ results }) =>
      results.map(({ position, timestamp }) => [position, timestamp.slice(11, 16)]),
    );
    expect(pages).toEqual([
      [
        [1, "12:00"],
        [2, "12:01"],
      ],
      [
        [3, "12:02"],
        [4, "12:03"],
      ],
      [[5, "12:04"]],
    ]);
    expect(third.next).toBeNull();
  });

  it("answers 404 for a session without events", async () => {
    const response = await ask("/theeye/sessions/nobody");
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "not_found" });
  });

  it("refuses the cursor of another session", async () => {
    const { next } = await show("/theeye/sessions/visit%203?limit=2");
    const response = await ask(`/theeye/sessions/visit%204${next}`);
    expect(response.status).toBe(400);
  });
});
