import { expect, it } from "vitest";
import { collectSessions } from "../../../src/storage/questions/session-records";
import type { Tuple } from "../../../src/storage/questions/tuples/tuple-page";

const tuple = (changes: Partial<Tuple>): Tuple => ({
  ...{ occurredAt: 1, receivedAfter: 0, tie: 0, session: "s", visitor: null },
  ...{ application: "shop", category: "c", name: "n", values: [] },
  ...changes,
});

it("assembles a session from events in any order", () => {
  const sessions = collectSessions();
  for (const at of [5, 2, 9, 4]) sessions.add(tuple({ occurredAt: at, name: `at ${at}` }), `text ${at}`);
  sessions.add(tuple({ session: "other" }), null);
  const [record, other] = sessions.records();
  expect(record).toMatchObject({
    events: 4,
    first: { name: "at 2", text: "text 2" },
    last: { name: "at 9", text: "text 9" },
  });
  expect(other).toMatchObject({ events: 1, first: { text: null }, last: { text: null } });
});

it.each<[string, Partial<Tuple>]>([
  ["its receipt", { receivedAfter: -1 }],
  ["its id", { tie: -1 }],
])("orders events of the same timestamp by %s", (_, earlier) => {
  const sessions = collectSessions();
  sessions.add(tuple({ name: "second" }), null);
  sessions.add(tuple({ name: "first", ...earlier }), null);
  expect(sessions.records()[0]).toMatchObject({ first: { name: "first" }, last: { name: "second" } });
});

it("lists each visitor once", () => {
  const sessions = collectSessions();
  for (const visitor of [null, "a", "b", "a"]) sessions.add(tuple({ visitor }), null);
  expect(sessions.records()[0]?.visitors).toEqual(["a", "b"]);
});
