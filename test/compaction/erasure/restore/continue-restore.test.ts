import { beforeEach, expect, it, vi } from "vitest";
import type { ErasureState } from "../../../../src/compaction/erasure/erasure-state";
import { continueRestore } from "../../../../src/compaction/erasure/restore/continue-restore";
import { findRestored } from "../../../../src/compaction/erasure/restore/find-restored";
import { processBatch } from "../../../../src/pipeline/process-batch";
import { listErasures } from "../../../../src/storage/erasures/erasure-records";
import { hasMark, writeMark } from "../../../../src/storage/erasures/restore-marks";
import { batchOf, envelopeOf, eventOf, partitions, pipelineWith } from "../../../pipeline/harness";
import { store } from "../../../storage/seed";
import { databases } from "../../harness";
import {
  ERASED,
  ERRORS,
  EVENTS,
  emptyWorld,
  erase,
  everything,
  first,
  io,
  PATIENT,
  runSteps,
  timeTravel,
} from "./restored-world";

vi.setConfig(PATIENT);

beforeEach(emptyWorld);

/** The phases of a pass, from a state on. */
async function phasesFrom(start: ErasureState, restored = "[0,1,2]"): Promise<string[]> {
  const phases: string[] = [];
  for (let state: ErasureState | null = start; state !== null && phases.length < 50; ) {
    phases.push("task" in state ? `${state.phase} ${state.task}` : state.phase);
    ({ next: state } = await continueRestore({ id: "restore", restored }, state, io, { left: 40 }));
  }
  return phases;
}

it("gets the tombstones, repairs the manifest, and examines sessions and errors, in this order", async () => {
  await store(databases, { events: EVENTS });
  expect(await phasesFrom({ pass: 1, phase: "tombstones", cursor: null })).toEqual([
    ...["tombstones", "files adopt", "files remove", "stored", "errors"],
  ]);
});

it("writes the latest mark at the end, but not to a database that was restored once more meanwhile", async () => {
  await io.vault.putHead("1:latest");
  await writeMark(databases.slice(0, 2), "restore");
  await phasesFrom({ pass: 2, phase: "stored", place: null, todo: [] }, "[1,2]");
  expect(await Promise.all(databases.map((database) => hasMark(database, "1:latest")))).toEqual([false, true, false]);
});

it.each<ErasureState>([
  { pass: 1, phase: "subject" },
  { pass: 1, phase: "contents", place: { database: 0, after: null } },
])("refuses a phase of other erasures: $phase", async (state) => {
  await expect(continueRestore({ id: "r", restored: "[0]" }, state, io, { left: 40 })).rejects.toThrow("no phase");
});

it("erases again what a restore brought back, within one run of the cron", async () => {
  await store(databases, { events: EVENTS, errors: ERRORS });
  expect(await findRestored(io)).toBe(false);
  const travel = await timeTravel();
  for (const subject of ERASED) await erase(subject);
  expect(await findRestored(io)).toBe(false);
  await travel();
  expect(await everything()).toContain("payload-of-1");
  expect(await findRestored(io)).toBe(true);
  await runSteps();
  const left = await everything();
  for (const text of ["payload-of-1", "payload-of-4", "payload-of-c", "session-1", "visitor-4"]) {
    expect(left).not.toContain(text);
  }
  for (const text of ["payload-of-0", "payload-of-2", "payload-of-3", "error-d"]) expect(left).toContain(text);
  // Done, and known as done.
  expect(await findRestored(io)).toBe(false);
  const erasures = await listErasures(first, { limit: 10, after: null });
  expect(erasures.map(({ kind, status }) => `${kind} ${status}`).sort()).toEqual([
    "error done",
    "restore done",
    "session done",
    "visitor done",
  ]);
});

it("keeps queued events of an erased session away from a restored database", async () => {
  await findRestored(io);
  const travel = await timeTravel();
  await erase({ kind: "session", id: "session-1" });
  await findRestored(io);
  await travel();
  expect(await findRestored(io)).toBe(true);
  await runSteps();
  const queued = envelopeOf([["1", { ...eventOf("1"), session_id: "session-1", data: { text: "payload-of-1" } }]]);
  await processBatch(batchOf([queued]).batch.messages, pipelineWith({ partitions }));
  expect(await everything()).not.toContain("payload-of-1");
});
