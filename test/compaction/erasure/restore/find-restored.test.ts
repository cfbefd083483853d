import { createExecutionContext, createMessageBatch, createScheduledController, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, it, vi } from "vitest";
import { findRestored } from "../../../../src/compaction/erasure/restore/find-restored";
import worker from "../../../../src/index";
import { loadErasure } from "../../../../src/storage/erasures/erasure-records";
import { store } from "../../../storage/seed";
import { databases, LATER } from "../../harness";
import {
  EVENTS,
  emptyWorld,
  erase,
  everything,
  first,
  io,
  PATIENT,
  pending,
  runSteps,
  timeTravel,
} from "./restored-world";

vi.setConfig(PATIENT);

beforeEach(emptyWorld);

it("writes a mark to every database, then outside D1, once something outside D1 has changed", async () => {
  expect(await findRestored(io)).toBe(false);
  expect(await io.vault.head()).toBeNull();
  await erase({ kind: "session", id: "session-1" });
  expect(await findRestored(io)).toBe(false);
  const head = await io.vault.head();
  const marks = databases.map(({ binding }) => binding.prepare("SELECT mark FROM restore_marks").first("mark"));
  expect(await Promise.all(marks)).toEqual([head, head, head]);
  expect(head).toMatch(/^[1-9]/);
});

it("begins one restore for the databases that lack the mark, however often it is called", async () => {
  await erase({ kind: "session", id: "session-1" });
  await findRestored(io);
  const [, second, third] = databases;
  for (const one of [second, third]) await one?.binding.prepare("DELETE FROM restore_marks").run();
  for (let n = 0; n < 3; n++) expect(await findRestored(io)).toBe(true);
  const [message, ...others] = pending;
  expect(others).toEqual([]);
  expect(await loadErasure(first, message?.erasure ?? "")).toMatchObject({
    ...{ kind: "restore", subject: "[1,2]", before: LATER, status: "running", step: 0 },
  });
});

it("does nothing if no database was restored", async () => {
  await store(databases, { events: EVENTS });
  await erase({ kind: "session", id: "session-1" });
  for (let n = 0; n < 3; n++) expect(await findRestored(io)).toBe(false);
  const head = await io.vault.head();
  expect(await findRestored(io)).toBe(false);
  expect(await io.vault.head()).toBe(head);
  expect(pending).toEqual([]);
});

it("notices a restore even if new erasures were requested before the cron ran", async () => {
  await store(databases, { events: EVENTS });
  await findRestored(io);
  const travel = await timeTravel();
  await erase({ kind: "session", id: "session-1" });
  await findRestored(io);
  await travel();
  for (const id of ["session-2", "session-3"]) await erase({ kind: "session", id });
  expect(await findRestored(io)).toBe(true);
  await runSteps();
  expect(await everything()).not.toContain("payload-of-1");
});

it("notices that a single database was restored", async () => {
  await store(databases, { events: EVENTS });
  await findRestored(io);
  const travels = await Promise.all(databases.slice(1).map((one) => timeTravel([one])));
  await erase({ kind: "session", id: "session-1" });
  await findRestored(io);
  for (const travel of travels) {
    await travel();
    expect(await findRestored(io)).toBe(true);
    await runSteps();
    expect(await everything()).not.toContain("payload-of-1");
    expect(await findRestored(io)).toBe(false);
  }
});

it("lets nothing move to the archive until a restored database has caught up", async () => {
  await store(databases, { events: EVENTS });
  await findRestored(io);
  const travel = await timeTravel();
  await erase({ kind: "session", id: "session-1" });
  await findRestored(io);
  await travel();
  await worker.scheduled(createScheduledController({ scheduledTime: new Date(), cron: "* * * * *" }), env);
  expect(await first.binding.prepare("SELECT count(*) AS n FROM compactor_lease").first("n")).toBe(0);
  const batch = createMessageBatch("the-eye-compaction", [
    { id: "m", timestamp: new Date(), attempts: 1, body: { v: 1 } },
  ]);
  await worker.queue(batch, env);
  expect((await getQueueResult(batch, createExecutionContext())).ackAll).toBe(true);
  expect((await env.ARCHIVE.list()).objects).toEqual([]);
});
