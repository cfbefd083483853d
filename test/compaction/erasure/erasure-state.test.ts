import * as v from "valibot";
import { expect, it } from "vitest";
import {
  afterPhase,
  awaitsCopiesSince,
  type ErasureState,
  ErasureStateSchema,
  PASSES,
  startOfPass,
} from "../../../src/compaction/erasure/erasure-state";
import { ERASURE_KINDS } from "../../../src/storage/erasures/subject";

it.each([
  ["session", 1, "subject"],
  ["error", 2, "subject"],
  ["visitor", 1, "sessions"],
  ["visitor", 2, "sessions"],
  ["restore", 1, "tombstones"],
  // The tombstones and the files need no second pass.
  ["restore", 2, "stored"],
] as const)("starts an erasure of the kind %s in pass %d with the phase %s", (kind, pass, phase) => {
  expect(startOfPass(kind, pass)).toMatchObject({ pass, phase });
});

const NOW = 1_000;

it.each(ERASURE_KINDS)("searches twice and then scrubs, for the kind %s", (kind) => {
  const erasure = { kind, thorough: 0 } as const;
  const second = afterPhase(erasure, startOfPass(kind, 1), NOW);
  expect(second).toEqual(startOfPass(kind, 2));
  expect(afterPhase(erasure, startOfPass(kind, 2), NOW)).toEqual({ pass: 2, phase: "scrub" });
  expect(afterPhase(erasure, { pass: 2, phase: "scrub" }, NOW)).toBeNull();
});

it("waits for copies at the end of a thorough erasure, and says since when", () => {
  const erasure = { kind: "session", thorough: 1 } as const;
  expect(afterPhase(erasure, startOfPass("session", 1), NOW)).toEqual(startOfPass("session", 2));
  const last = afterPhase(erasure, { pass: 2, phase: "scrub" }, NOW);
  expect(last).toEqual({ pass: 2, phase: "copies", since: NOW });
  expect(afterPhase(erasure, { pass: 2, phase: "copies", since: NOW }, NOW)).toBeNull();
  const state = JSON.stringify(last);
  expect(awaitsCopiesSince({ status: "running", state })).toBe(NOW);
  expect(awaitsCopiesSince({ status: "running", state: '{"pass":2,"phase":"scrub"}' })).toBeNull();
  expect(awaitsCopiesSince({ status: "running", state: null })).toBeNull();
  expect(awaitsCopiesSince({ status: "done", state })).toBeNull();
});

it("is read again as it was stored, from every start", () => {
  for (const kind of ERASURE_KINDS) {
    for (let pass = 1; pass <= PASSES; pass++) {
      const state = startOfPass(kind, pass);
      expect(v.parse(ErasureStateSchema, JSON.parse(JSON.stringify(state)))).toEqual(state);
    }
  }
});

const PLACE = { partition: 3, database: 1, isLate: true, after: "session" };

it.each<ErasureState>([
  { pass: 1, phase: "sessions", place: PLACE, todo: ["a", "b"] },
  { pass: 2, phase: "contents", place: { database: 2, after: { receivedAt: 5, id: "error" } } },
  { pass: 1, phase: "tombstones", cursor: "cursor" },
  { pass: 1, phase: "files", task: "remove", after: "events/day=2021-01-01" },
  { pass: 2, phase: "stored", place: PLACE, todo: [{ session: "a", before: 7 }] },
  { pass: 1, phase: "errors", place: { database: 0, after: null } },
  { pass: 2, phase: "scrub" },
  { pass: 2, phase: "copies", since: 9 },
])("is read again as it was stored, half-way: %j", (state) => {
  expect(v.parse(ErasureStateSchema, JSON.parse(JSON.stringify(state)))).toEqual(state);
});

it.each([
  { pass: 1, phase: "unknown" },
  { pass: -1, phase: "subject" },
  { pass: 1, phase: "sessions", place: null },
  { pass: 1, phase: "files", task: "repair", after: "" },
])("is refused if it is no state: %j", (state) => {
  expect(v.safeParse(ErasureStateSchema, state).success).toBe(false);
});
