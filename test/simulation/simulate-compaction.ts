import { env } from "cloudflare:workers";
import { compactStep } from "../../src/compaction/compact-step";
import type { CompactionIo } from "../../src/compaction/compaction-io";
import type { CompactionSettings } from "../../src/compaction/compaction-settings";
import type { Micros } from "../../src/model/time/time";
import { FILE_LIMITS } from "../../src/storage/archive/limits";
import { firstDatabase } from "../../src/storage/core/databases";
import type { Partition } from "../../src/storage/partitions/partition";
import { EAGER } from "../compaction/harness";
import { type ArchiveSabotage, sabotagedSql } from "./archive/archive-sabotage";
import { withArchive } from "./archive/archived-lanes";
import { faultyArchive } from "./archive/faulty-archive";
import { interleavedBucket, interleavedDatabase } from "./archive/interleaved";
import { leftovers } from "./archive/leftovers";
import { type MovingReader, type ReadFrom, startReader } from "./archive/moving-reader";
import { recordRemainders, remainderProblems } from "./archive/remainders";
import { archiveProblems, isErasedRow } from "./model/archive-model";
import { inconsistencies } from "./model/consistency";
import { returnedProblems } from "./model/erasure-model";
import { type Erasures, erasedBefore, startErasures } from "./model/erasures";
import { deliver, makeQueue, partitionsOf, passTime } from "./simulate";
import { faultyDatabase } from "./world/faulty-databases";
import { type Random, seeded } from "./world/random";
import { emptyDatabases, readTables, type Tables } from "./world/tables";
import { makeTraffic } from "./world/traffic";
import { type Fault, invoke } from "./world/weather";
import { anyFault, evict, makeWorld, type World } from "./world/world";

const MAX_ROUNDS = 250;
const MINUTE: Micros = 60_000_000;

/** Counts stay when events are erased. */
const COUNTS = /: minutes|counts by|hours of series|failures in|report-only/;

/** Activity and visits of a late lane go once it is empty. */
const LEFT_IN_LATE_LANE = /\(late\) in DB_\d: (activity|visits): .*: 1, expected undefined/;

/**
 * Runs one seed: the traffic of the other simulations, while partitions move to the archive and readers page through what is
 * stored. The compactor crashes at any call, runs twice at once, and meets late events, erasures and full databases.
 *
 * @returns every difference in words: something that a reader saw twice or not at all, and at the end whatever of databases and
 * archive is not what the model says
 */
export async function simulateCompaction(seed: number, sabotage: ArchiveSabotage = "none"): Promise<string[]> {
  const random = seeded(seed);
  const traffic = makeTraffic(random);
  const world = makeWorld(random, traffic, { sabotage: "none", isForgetful: false });
  await emptyDatabases(world.originals);
  await emptyArchive();
  for (const session of traffic.sessions) await evict(session);
  const queue = makeQueue(traffic, "none");
  const archive = faultyArchive(env.ARCHIVE, world.conditions);
  const erasures = seed % 3 === 0 ? startErasures(world, traffic, archive) : null;
  const conditions = { ...world.conditions, rewrite: (sql: string) => sabotagedSql(sabotage, sql) };
  const databases = world.originals.map((database) => faultyDatabase(database, conditions));
  const compactor: CompactionIo = {
    ...{ databases, archive, settings: settingsOf(random), log: () => {} },
  };
  const readers = new Set<MovingReader>();
  // Between any two calls of a reader the compactor may do a step.
  const beside = seeded(seed + 1);
  const between = async () => {
    if (beside.chance(0.15)) await compact("none", 1, beside);
  };
  const from: ReadFrom = {
    databases: world.originals.map((database) => interleavedDatabase(database, between)),
    archive: interleavedBucket(env.ARCHIVE, between),
  };
  const problems: string[] = [];

  /** Each on its own, so that what happens at the same time elsewhere does not change it. */
  const compact = async (fault: Fault, steps: number, own: Random) => {
    for (let step = 0; step < steps; step++) {
      const run = async () => void (await compactStep(compactor, world.now));
      await invoke(fault, own, run).catch(() => undefined);
    }
  };
  const read = async (reader: MovingReader) => {
    await reader.turn().catch((thrown: unknown) => {
      readers.delete(reader);
      problems.push(`a reader failed: ${thrown instanceof Error ? (thrown.cause ?? thrown) : thrown}`);
    });
    if (!reader.isDone) return;
    readers.delete(reader);
    problems.push(...reader.problems(isErasedRow(await erasedBefore(world))));
  };

  let calm = 0;
  for (let round = 0; !queue.isDone() || (erasures?.pending() ?? 0) > 0 || readers.size > 0 || calm === 0; round++) {
    const isCalm = queue.isWhole() && (calm > 0 || round > traffic.messages.length + 6);
    if (isCalm && calm === 0) await world.resolve();
    if (isCalm) calm += 1;
    if (round > MAX_ROUNDS) return [`${queue.pending.size} messages are never acknowledged`, ...problems];
    passTime(world, queue);
    if (seed % 2 === 0 && round % 4 === 0) await recordRemainders(world.originals, world.now);
    // What comes after that is late.
    if (!isCalm && random.chance(0.2)) world.now += random.below(180) * MINUTE;
    if (isCalm) {
      await Promise.all([deliver(world, queue, "none"), compact("none", 2, seeded(seed)), ...[...readers].map(read)]);
      await erasures?.deliver("none");
      if (erasures?.pending() === 0) await erasures.resume();
    } else {
      await world.change();
      if (random.chance(0.3)) await erasures?.begin(anyFault(random));
      if (random.chance(0.5)) {
        const stored = await storedNow(world);
        readers.add(
          startReader(
            world,
            from,
            traffic.sessions,
            stored.lanes.flatMap((lane) => lane.events),
          ),
        );
      }
      const changed = random.chance(0.1) ? world.changePartitions() : null;
      await Promise.all([
        ...(random.chance(0.6) ? [deliver(world, queue, anyFault(random))] : []),
        compact(anyFault(random), 1 + random.below(4), seeded(random.below(2 ** 31))),
        ...(random.chance(0.2) ? [compact(anyFault(random), 1, seeded(random.below(2 ** 31)))] : []),
        ...(erasures === null ? [] : [erasures.deliver(anyFault(random)), erasures.deliver(anyFault(random))]),
        ...[...readers].map(read),
      ]);
      await changed;
      await world.rest();
      if (random.chance(0.1)) await erasures?.resume();
    }
    if (problems.length > 0) return problems;
  }
  await world.rest();
  await recordRemainders(world.originals, world.now);
  // In half of the seeds nothing is left in the databases.
  const settings = { ...compactor.settings, graceMicros: 0, lateMicros: 0 };
  await compactAll(
    { ...compactor, settings: seed % 2 === 0 ? { ...settings, hotMicros: 0 } : settings },
    world.now + 600 * MINUTE,
  );
  const partitions = await partitionsOf(world);
  const tables = await storedNow(world);
  const before = await erasedBefore(world);
  return [
    ...queue.problems,
    ...world.problems,
    ...inconsistencies(tables, partitions).filter(
      (problem) => !LEFT_IN_LATE_LANE.test(problem) && !(erasures !== null && COUNTS.test(problem)),
    ),
    ...archiveProblems(traffic, tables, before),
    ...returnedProblems(tables, before),
    ...(erasures === null ? [] : await unfinished(erasures, world, seed % 2 === 0)),
    ...(seed % 2 === 0 ? [...unmoved(partitions), ...(await remainderProblems(world.originals, partitions))] : []),
    ...(await leftovers(world.originals)),
  ];
}

async function storedNow(world: World): Promise<Tables> {
  return withArchive(world.originals, await readTables(world.originals), await partitionsOf(world));
}

/** Small files, and everything soon. */
function settingsOf(random: Random): CompactionSettings {
  return {
    ...EAGER,
    // Errors stay where the model looks for them.
    errors: { ...EAGER.errors, hotMicros: Number.MAX_SAFE_INTEGER },
    hotMicros: random.pick([0, 0, 5 * MINUTE]),
    hotBytes: random.pick([1, Number.MAX_SAFE_INTEGER]),
    graceMicros: random.pick([0, 0, MINUTE / 4]),
    lateMicros: random.pick([0, MINUTE / 4]),
    fileLimits: { ...FILE_LIMITS, groupRows: 3, fileGroups: 2 },
  };
}

async function compactAll(world: CompactionIo, now: Micros): Promise<void> {
  for (let step = 0; step < 1_000; step++) if ((await compactStep(world, now)).did === "waiting") return;
  throw new Error("the compactor does not come to an end");
}

/** Thorough erasures that wait although nothing is left, or that are done although copies may remain. */
async function unfinished(erasures: Erasures, { originals }: World, isEmpty: boolean): Promise<string[]> {
  await erasures.resume(true);
  for (let step = 0; step < 300 && erasures.pending() > 0; step++) await erasures.deliver("none");
  const running = firstDatabase(originals).binding.prepare("SELECT id FROM erasures WHERE status = 'running'");
  const left = (await running.all<{ id: string }>()).results.map(({ id }) => `${id} is not done`);
  return isEmpty ? left : [];
}

function unmoved(partitions: readonly Partition[]): string[] {
  return partitions
    .filter(({ state, ready }) => ready && state !== "dropped")
    .map(({ id, state }) => `partition ${id} is ${state} at the end`);
}

async function emptyArchive(): Promise<void> {
  for (;;) {
    const { objects } = await env.ARCHIVE.list();
    if (objects.length === 0) return;
    await env.ARCHIVE.delete(objects.map(({ key }) => key));
  }
}
