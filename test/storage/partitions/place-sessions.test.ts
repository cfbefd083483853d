import { expect, it } from "vitest";
import { databaseOf } from "../../../src/storage/partitions/partition";
import { placeSessions } from "../../../src/storage/partitions/place-sessions";
import { partitionOf } from "./sample-partition";

const PARTITIONS = [
  partitionOf({ id: 1, databases: [0, 1] }),
  partitionOf({ id: 2, databases: [2] }),
  partitionOf({ id: 3, databases: [0, 1] }),
];
const SESSIONS = Array.from({ length: 20 }, (_, n) => ({ id: `session-${n}` }));

it("groups partitions that are shared by the same databases, and sessions by their database", () => {
  const placed = placeSessions(PARTITIONS, SESSIONS, ({ id }) => id);
  expect(placed.map(({ partitions }) => partitions.map(({ id }) => id))).toEqual([[1, 3], [2]]);
  const [shared, other] = placed;
  expect([...(shared?.byDatabase.keys() ?? [])].toSorted()).toEqual([0, 1]);
  for (const [index, sessions] of shared?.byDatabase ?? []) {
    for (const { id } of sessions) expect(databaseOf({ databases: [0, 1] }, id)).toBe(index);
  }
  expect([...(shared?.byDatabase.values() ?? [])].flat()).toHaveLength(SESSIONS.length);
  expect(other?.byDatabase).toEqual(new Map([[2, SESSIONS]]));
});

it("places nothing without partitions, and no session without sessions", () => {
  expect(placeSessions([], SESSIONS, ({ id }) => id)).toEqual([]);
  expect(placeSessions<string>(PARTITIONS, [], (id) => id).map(({ byDatabase }) => byDatabase.size)).toEqual([0, 0]);
});
