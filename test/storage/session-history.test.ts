import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Database } from "../../src/storage/databases";
import { findSessions, loadHistories } from "../../src/storage/session-history";
import { meter } from "../pipeline/meter";
import { errorRow, eventRow, MINUTE, MORNING, store } from "./seed";

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

/** Failures of a session that has an event, and of one that has none. */
const failure = errorRow({ id: "failed-of-text", session: "\u{1F600} text", receivedAt: MORNING });
const alone = "0d9b3f6a-4a43-4a6f-9f0b-c8f0e7c5f3a1";

await store([database], { events, errors: [failure, errorRow({ id: "failed-alone", session: alone })] });

describe("findSessions", () => {
  it("names those that the database holds, in the form in which they were asked", async () => {
    const asked = ["nobody", UUID, UUID.toUpperCase(), "\u{1F600} text", "\u{1F600}", "__proto__"];
    expect(await findSessions(database, asked)).toMatchObject({ stored: [UUID, "\u{1F600} text"] });
    expect(await findSessions(database, [])).toEqual({ stored: [], failed: [] });
  });

  it("names those that have failed events too, whatever the form of their ids", async () => {
    expect(await findSessions(database, [alone, "\u{1F600} text", alone.toUpperCase()])).toEqual({
      stored: ["\u{1F600} text"],
      failed: [alone, "\u{1F600} text"],
    });
  });

  it("reads one entry of each index for each, not the tables", async () => {
    const sql: string[] = [];
    const prepare = (text: string) => {
      sql.push(text);
      return env.DB.prepare(text);
    };
    await findSessions({ index: 0, binding: Object.assign(Object.create(env.DB), { prepare }) }, [UUID]);
    const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql[0]}`).bind("[]").all<{ detail: string }>();
    const plan = results.map(({ detail }) => detail).join();
    expect(plan).toContain("USING COVERING INDEX events_by_session (session_id=?)");
    expect(plan).toContain("USING COVERING INDEX errors_by_session (session_id=?)");
    expect(plan).not.toMatch(/SCAN (events|errors)/);
  });
});

describe("loadHistories", () => {
  it("gives each session's highest sequence, its opened slots, and those of the asked events that are stored", async () => {
    const histories = await loadHistories(database, [
      { session: UUID, ids: ["a", "c", "unknown", UUID], errorIds: [], until: null },
      { session: "\u{1F600} text", ids: [], errorIds: ["failed-of-text", "unknown"], until: null },
      { session: "nobody", ids: ["a"], errorIds: [], until: null },
    ]);
    const slot = MORNING / (15 * MINUTE);
    const history = histories.get(UUID);
    expect(history?.summary?.lastSequence).toBe(7);
    expect(history?.summary?.openSlots.toSorted()).toEqual([slot, slot + 1]);
    expect(history?.summary?.until).toBe(MORNING + 21 * MINUTE);
    const asked = events.slice(0, 3).map(({ session: _, ...event }) => event);
    expect(history?.events.toSorted((a, b) => a.occurredAt - b.occurredAt)).toEqual(asked);
    expect(histories.get("\u{1F600} text")).toEqual({
      summary: { lastSequence: 1, openSlots: [slot], until: events[3]?.occurredAt },
      events: [],
      failures: [{ errorId: "failed-of-text", receivedAt: MORNING, application: "shop", issues: failure.issues }],
    });
    expect(histories.get("nobody")).toEqual({
      summary: { lastSequence: 0, openSlots: [], until: 0 },
      events: [],
      failures: [],
    });
  });

  it("looks at nothing that occurred after the moment it is given, and tells nothing of the session then", async () => {
    const metered = meter([database]);
    const [reader = database] = metered.databases;
    const asked = { session: UUID, ids: ["a", "c", UUID], errorIds: [] };
    const histories = await loadHistories(reader, [{ ...asked, until: MORNING + 20 * MINUTE }]);
    expect(histories.get(UUID)).toMatchObject({ summary: null, failures: [] });
    expect(histories.get(UUID)?.events.map(({ sequence }) => sequence)).toEqual([2, 7]);
    const some = metered.rowsRead();
    await loadHistories(reader, [{ ...asked, until: MORNING - 1 }]);
    expect(metered.rowsRead() - some).toBeLessThan(some / 2);
  });

  it("does not take one session's event for another's of the same id", async () => {
    const histories = await loadHistories(database, [
      { session: "\u{1F600} text", ids: ["a", "c"], errorIds: [], until: null },
    ]);
    expect(histories.get("\u{1F600} text")?.events.map(({ sequence }) => sequence)).toEqual([1]);
  });

  it("of nothing is nothing", async () => {
    expect(await loadHistories(database, [])).toEqual(new Map());
  });
});
