import { env } from "cloudflare:workers";
import { compactStep, type StepResult } from "../../src/compaction/compact-step";
import type { CompactionIo } from "../../src/compaction/compaction-io";
import type { CompactionSettings } from "../../src/compaction/compaction-settings";
import type { ArchivedEvent } from "../../src/storage/archive/file/archived-rows";
import { ReadBudget, readFooter, readGroups, runOf } from "../../src/storage/archive/file/file-reader";
import { FILE_LIMITS } from "../../src/storage/archive/limits";
import { filesByHour } from "../../src/storage/archive/manifest";
import { allEvents } from "../../src/storage/archive/read-events";
import { type Database, databasesOf, firstDatabase } from "../../src/storage/core/databases";
import { emptyDatabases } from "../storage/empty-databases";
import { MORNING } from "../storage/seed";

export const databases = databasesOf(env);

/** Long after everything that tests write. */
export const LATER = MORNING + 400 * 86_400_000_000;

/** Everything is due at once, and files are small. */
export const EAGER: CompactionSettings = {
  hotMicros: 0,
  hotBytes: Number.MAX_SAFE_INTEGER,
  graceMicros: 0,
  lateMicros: 0,
  // Errors stay, unless a test says otherwise.
  errors: { hotMicros: Number.MAX_SAFE_INTEGER, everyMicros: 1 },
  retention: { eventsMicros: null, errorsMicros: null, applications: [], checkMicros: 0 },
  fileLimits: { ...FILE_LIMITS, groupRows: 10, fileGroups: 5 },
};

/** Errors move too. */
export const MOVING_ERRORS: CompactionSettings = { ...EAGER, errors: { hotMicros: 0, everyMicros: 1 } };

export function ioWith(changes: Partial<CompactionIo> = {}): CompactionIo {
  return { databases, archive: env.ARCHIVE, settings: EAGER, log: () => {}, ...changes };
}

export async function emptyEverything(): Promise<void> {
  await emptyDatabases(databases);
  for (;;) {
    const { objects } = await env.ARCHIVE.list();
    if (objects.length === 0) return;
    await env.ARCHIVE.delete(objects.map(({ key }) => key));
  }
}

/** Runs steps until nothing is left, at most a few hundred. */
export async function compactAll(io: CompactionIo = ioWith(), now = LATER): Promise<StepResult[]> {
  const steps: StepResult[] = [];
  for (let step = 0; step < 300; step++) {
    const result = await compactStep(io, now);
    // A late lane that was found empty is checked again only later.
    if (result.did === "waiting" || (result.did === "flushed" && result.rows === 0)) return steps;
    steps.push(result);
  }
  throw new Error("the compactor does not come to an end");
}

/** All archived events, file by file, ordered by hour. */
export async function readArchive(all: readonly Database[] = databases): Promise<ArchivedEvent[]> {
  const files = await filesByHour(firstDatabase(all), {
    ...{ kind: "events", partitions: null, first: 0, last: Number.MAX_SAFE_INTEGER, order: "asc", limit: 10_000 },
  });
  const events: ArchivedEvent[] = [];
  for (const file of files) {
    const budget = new ReadBudget(1_000);
    const footer = await readFooter(env.ARCHIVE, file, budget);
    for (let left = footer.groups; left.length > 0; ) {
      const run = runOf(left);
      left = left.slice(run.length);
      for (const columns of await readGroups(env.ARCHIVE, file, footer, run, budget))
        events.push(...(await allEvents(columns)));
    }
  }
  return events;
}
