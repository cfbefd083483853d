import { expect, it } from "vitest";
import { ERROR_COLUMNS, EVENT_COLUMNS } from "../../../../src/storage/archive/file/columns";

const kinds = (columns: readonly { name: string; kind: string; nullable: boolean }[]) =>
  columns.map(({ name, kind, nullable }) => `${name} ${kind}${nullable ? "?" : ""}`);

// Files are kept for years: a change of these lists makes them unreadable. A new column comes last and may be null.
it("keeps the columns of event files, in their order", () => {
  expect(kinds(EVENT_COLUMNS).slice(0, 11)).toEqual([
    ...["occurred_at moment", "received_at moment", "session_id text", "id text", "application text", "category text"],
    ...["name text", "visitor_id text?", "data text", "context text?", "extra text?"],
  ]);
  expect(EVENT_COLUMNS.slice(11).every(({ nullable }) => nullable)).toBe(true);
});

it("keeps the columns of error files, in their order", () => {
  expect(kinds(ERROR_COLUMNS).slice(0, 16)).toEqual([
    ...["received_at moment", "id text", "application text?", "session_id text?", "category text?", "name text?"],
    ...["event_id text?", "issues text", "content text?", "parts count", "resolved_at moment?"],
    ...["resolved_session text?", "resolved_event_id text?", "resolved_occurred_at moment?", "replayed_at moment?"],
    "replay_id text?",
  ]);
  expect(ERROR_COLUMNS.slice(16).every(({ nullable }) => nullable)).toBe(true);
});

it("puts each member of an event into its own column", () => {
  const event = {
    ...{ session: "s", id: "i", application: "a", category: "c", name: "n", occurredAt: 1, receivedAt: 2 },
    ...{ data: "d", context: "x", extra: "e", visitor: "v" },
  };
  const stored = Object.fromEntries(EVENT_COLUMNS.map(({ name, valueIn }) => [name, valueIn(event)]));
  expect(stored).toEqual({
    ...{ occurred_at: 1, received_at: 2, session_id: "s", id: "i", application: "a", category: "c", name: "n" },
    ...{ visitor_id: "v", data: "d", context: "x", extra: "e" },
  });
});

it("puts each member of an error into its own column", () => {
  const error = {
    ...{ id: "i", receivedAt: 1, application: "a", session: "s", category: "c", name: "n", eventId: "e" },
    ...{ issues: "[]", content: "{}", parts: 3, resolvedAt: 4, resolvedSession: "rs", resolvedEventId: "re" },
    ...{ resolvedOccurredAt: 5, replayedAt: 6, replayId: "r" },
  };
  const stored = Object.fromEntries(ERROR_COLUMNS.map(({ name, valueIn }) => [name, valueIn(error)]));
  expect(stored).toEqual({
    ...{ id: "i", received_at: 1, application: "a", session_id: "s", category: "c", name: "n", event_id: "e" },
    ...{ issues: "[]", content: "{}", parts: 3, resolved_at: 4, resolved_session: "rs", resolved_event_id: "re" },
    ...{ resolved_occurred_at: 5, replayed_at: 6, replay_id: "r" },
  });
});
