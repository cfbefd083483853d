import { beforeAll, expect, it } from "vitest";
import { type SizeQuestion, sessionsOfSize } from "../../../src/storage/sessions/session-sizes";
import { MINUTE } from "../seed";
import { at, databases, emptySessions, storeSessions, withMap } from "./morning-sessions";

const ANY = { least: null, most: null };
const SESSIONS = ["one", "two", "long", "mixed", "late"];

beforeAll(async () => {
  await emptySessions();
  await storeSessions({ one: [0], two: [0, 10], long: [0, 30, 70, 130] });
  await storeSessions({ mixed: [0] });
  await storeSessions({ mixed: [5, 9] }, { application: "blog" });
  await storeSessions({ late: [0, 1] }, { receivedAt: at(999) });
});

async function ofSize(size: Partial<SizeQuestion["size"]>, changes: Partial<SizeQuestion> = {}) {
  const question = {
    from: null,
    to: null,
    asOf: at(500),
    applications: null,
    size: { events: ANY, micros: ANY, ...size },
  };
  const found = await withMap((map) => sessionsOfSize(databases, map, { ...question, ...changes }, SESSIONS));
  return [...found].sort();
}

it.each<[string, Partial<SizeQuestion["size"]>, string[]]>([
  ["at least 2 events", { events: { least: 2, most: null } }, ["long", "mixed", "two"]],
  ["at most 2 events", { events: { least: null, most: 2 } }, ["one", "two"]],
  ["exactly 3 events", { events: { least: 3, most: 3 } }, ["mixed"]],
  ["a duration of at least 10 minutes", { micros: { least: 10 * MINUTE, most: null } }, ["long", "two"]],
  ["a duration of 9 or 10 minutes", { micros: { least: 9 * MINUTE, most: 10 * MINUTE } }, ["mixed", "two"]],
  [
    "many events and a long duration",
    { events: { least: 4, most: null }, micros: { least: 130 * MINUTE, most: null } },
    ["long"],
  ],
])("finds sessions with %s", async (_, size, expected) => {
  expect((await ofSize(size)).filter((session) => session !== "late")).toEqual(expected);
});

it("counts only events of the range, of the applications, and received in time", async () => {
  const events = { least: 2, most: null };
  expect(await ofSize({ events }, { from: at(5), to: at(70) })).toEqual(["long", "mixed"]);
  expect(await ofSize({ events }, { applications: ["blog"] })).toEqual(["mixed"]);
  expect(await ofSize({ events }, { asOf: at(1_000) })).toEqual(["late", "long", "mixed", "two"]);
});
