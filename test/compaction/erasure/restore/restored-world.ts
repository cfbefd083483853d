import { env } from "cloudflare:workers";
import { beginErasure } from "../../../../src/compaction/erasure/begin-erasure";
import { runErasureStep } from "../../../../src/compaction/erasure/erasure-step";
import type { ErasureMessage } from "../../../../src/model/erasure";
import { firstDatabase } from "../../../../src/storage/core/databases";
import { forgetSeries } from "../../../../src/storage/counts/series";
import type { Subject } from "../../../../src/storage/erasures/subject";
import { forgetPartitions } from "../../../../src/storage/partitions/known-partitions";
import { restore, snapshotOf } from "../../../storage/restore-databases";
import { errorRow, eventRow, MORNING, SECOND } from "../../../storage/seed";
import { databases, emptyEverything, LATER } from "../../harness";
import { erasureIo } from "../erasure-harness";

export const first = firstDatabase(databases);

/** Each test writes every row of three databases several times. */
export const PATIENT = { testTimeout: 120_000 };

export async function emptyWorld(): Promise<void> {
  await emptyEverything();
  for (const { binding } of databases) await binding.prepare("DELETE FROM restore_marks").run();
  for (const { name } of (await env.KEYS.list({ prefix: "tombstone" })).keys) await env.KEYS.delete(name);
  pending.splice(0);
}

/** The requested steps. */
export const pending: ErasureMessage[] = [];

export const io = erasureIo({ sendErasure: async (message) => void pending.push(message) });

export async function runSteps(): Promise<void> {
  for (let message = pending.shift(); message !== undefined; message = pending.shift())
    await runErasureStep(message, io);
}

export async function begin(subject: Subject): Promise<string> {
  const id = crypto.randomUUID();
  await beginErasure(io, subject, { id, now: LATER, requestedBy: "shop" });
  pending.push({ v: 1, erasure: id, step: 0 });
  return id;
}

export async function erase(subject: Subject): Promise<void> {
  await begin(subject);
  await runSteps();
}

/** Takes snapshots of databases, and returns how to restore them. */
export async function timeTravel(restored = databases): Promise<() => Promise<void>> {
  const snapshots = await Promise.all(restored.map(async (one) => ({ one, snapshot: await snapshotOf(one) })));
  return async () => {
    for (const { one, snapshot } of snapshots) await restore(one, snapshot);
    // As a deployment does, which starts new isolates.
    forgetPartitions(first);
    databases.forEach(forgetSeries);
  };
}

/** Every row of every table, as text. */
export async function everything(): Promise<string> {
  const rows = await Promise.all(databases.map(snapshotOf));
  return JSON.stringify(rows);
}

export const EVENTS = Array.from({ length: 30 }, (_, n) =>
  eventRow({
    session: `session-${n % 6}`,
    id: `event-${n}`,
    occurredAt: MORNING + n * 60 * SECOND,
    data: JSON.stringify({ text: `payload-of-${n % 6}` }),
    visitor: n % 6 === 4 ? "visitor-4" : null,
  }),
);

export const ERRORS = [
  errorRow({ id: "error-a", session: "session-1", content: '{"text":"payload-of-1"}' }),
  errorRow({ id: "error-b", session: null, content: '{"visitor_id":"visitor-4","text":"payload-of-4"}' }),
  errorRow({ id: "error-c", session: null, content: '{"text":"payload-of-c"}' }),
  errorRow({ id: "error-d", session: "session-2", content: '{"text":"payload-of-2"}' }),
];

export const ERASED: Subject[] = [
  { kind: "session", id: "session-1" },
  { kind: "visitor", id: "visitor-4" },
  { kind: "error", id: "error-c" },
];
