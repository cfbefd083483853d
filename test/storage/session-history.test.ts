import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Database } from "../../src/storage/databases";
import { findSessions, loadHistories } from "../../src/storage/session-history";
import { eventRow, MINUTE, MORNING, store } from "./seed";

const UUID = "e2085be5-9137-4e4e-80b5-f1ffddc25423";
const database: Database = { index: 0, binding: env.DB };

const events = [
  eventRow({
    session: UUID,
    sequence: 2,
    id: "a",
    occurredAt: MORNING,
    receivedAt: MORNING - 1,
    opens: true,
    data: '{"a":1}',
  }),
  eventRow({
    session: UUID,
    sequence: 7,
    id: UUID,
    occurredAt: MORNING + 20 * MINUTE,
    application: "blog",
    opens: true,
  }),
  eventRow({ session: UUID, sequence: 5, id: "c", occurredAt: MORNING + 21 * MINUTE }),
  eventRow({ session: "\u{1F600} text", sequence: 1, id: "a", opens: true }),
];

await store([database], { events });

describe("findSessions", () => {
  it("names those that the database holds, in the form in which they were asked", async () => {
    const asked = ["nobody", UUID, UUID.toUpperCase(), "\u{1F600} text", "\u{1F600}", "__proto__"];
    expect(await findSessions(database, asked)).toEqual([UUID, "\u{1F600} text"]);
    expect(await findSessions(database, [])).toEqual([]);
  });

  it("reads one entry of an index for each, not the table", async () => {
    const sql: string[] = [];
    const prepare = (text: string) => {
      sql.push(text);
      return env.DB.prepare(text);
    };
    await findSessions({ index: 0, binding: Object.assign(Object.create(env.DB), { prepare }) }, [UUID]);
    const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql[0]}`).bind("[]").all<{ detail: string }>();
    expect(results.map(({ detail }) => detail).join()).toContain(
      "USING COVERING INDEX events_by_session (session_id=?)",
    );
  });
});

describe("loadHistories", () => {
  it("gives each session's highest sequence, its opened slots, and those of the asked events that are stored", async () => {
    const histories = await loadHistories(database, [
      { session: UUID, ids: ["a", "c", "unknown", UUID] },
      { session: "\u{1F600} text", ids: [] },
      { session: "nobody", ids: ["a"] },
    ]);
    const slot = MORNING / (15 * MINUTE);
    const history = histories.get(UUID);
    expect(history?.lastSequence).toBe(7);
    expect(history?.openSlots.toSorted()).toEqual([slot, slot + 1]);
    const asked = events.slice(0, 3).map(({ session: _, ...event }) => event);
    expect(history?.events.toSorted((a, b) => a.occurredAt - b.occurredAt)).toEqual(asked);
    expect(histories.get("\u{1F600} text")).toEqual({ lastSequence: 1, openSlots: [slot], events: [] });
    expect(histories.get("nobody")).toEqual({ lastSequence: 0, openSlots: [], events: [] });
  });

  it("does not take one session's event for another's of the same id", async () => {
    const histories = await loadHistories(database, [{ session: "\u{1F600} text", ids: ["a", "c"] }]);
    expect(histories.get("\u{1F600} text")?.events.map(({ sequence }) => sequence)).toEqual([1]);
  });

  it("of nothing is nothing", async () => {
    expect(await loadHistories(database, [])).toEqual(new Map());
  });
});
