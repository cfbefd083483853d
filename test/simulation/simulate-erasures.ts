import type { Database } from "../../src/storage/core/databases";
import { inconsistencies } from "./model/consistency";
import { lostProblems, returnedProblems } from "./model/erasure-model";
import { erasedBefore, startErasures } from "./model/erasures";
import { startReplays } from "./model/replays";
import { deliver, makeQueue, partitionsOf, passTime } from "./simulate";
import { seeded } from "./world/random";
import { emptyDatabases, readTables } from "./world/tables";
import { makeTraffic } from "./world/traffic";
import { anyFault, evict, makeWorld } from "./world/world";

/** A guarantee of erasures that is broken on purpose, to show that the simulation notices. */
export type ErasureSabotage =
  | "none"
  /** Writers do not check for erasures. */
  | "without_tombstones"
  /** An erasure also deletes events that were received later. */
  | "without_moment"
  /** An erasure is done although places are left to scrub. */
  | "without_scrub";

const MAX_ROUNDS = 250;

/** Counts stay when events are erased. */
const COUNTS = /: minutes|counts by|hours of series|failures in|report-only/;

/**
 * Runs one seed: the traffic of the other simulations, while sessions and visitors are erased between its messages and
 * concurrently, in half of the seeds with replays.
 *
 * @returns a description of every difference: erased events that are stored, and, without replays, other events that are
 * missing
 */
export async function simulateErasures(seed: number, sabotage: ErasureSabotage = "none"): Promise<string[]> {
  const random = seeded(seed);
  const made = makeTraffic(random);
  const messages = made.messages.filter(({ body }) => !body.includes('"oversized":'));
  const traffic = { ...made, messages, oversized: [] };
  const world = makeWorld(random, traffic, { sabotage: "none", isForgetful: seed % 2 === 0 });
  world.conditions.rewrite = (sql) => rewritten(sabotage, sql);
  await emptyDatabases(world.originals);
  for (const session of traffic.sessions) await evict(session);
  const queue = makeQueue(traffic, "none");
  const erasures = startErasures(world, traffic);
  const replays = seed % 4 < 2 ? startReplays(world, traffic) : null;

  let calm = 0;
  for (
    let round = 0;
    !queue.isDone() || erasures.pending() > 0 || (replays?.pending() ?? 0) > 0 || calm === 0;
    round++
  ) {
    const isCalm = queue.isWhole() && (calm > 0 || round > traffic.messages.length * 0.7 + 3);
    if (isCalm && calm === 0) await world.resolve();
    if (isCalm) calm += 1;
    if (round > MAX_ROUNDS) return [`${queue.pending.size + erasures.pending()} messages are never acknowledged`];
    passTime(world, queue);
    if (isCalm) {
      await deliver(world, queue, "none");
      await erasures.deliver("none");
      await replays?.deliver("none");
      if (erasures.pending() === 0) await erasures.resume();
      continue;
    }
    await world.change();
    if (random.chance(0.3)) await erasures.begin(anyFault(random));
    if (replays !== null && round > 2 && random.chance(0.3)) await replays.begin();
    const changed = random.chance(0.3) ? world.changePartitions() : null;
    await Promise.all([
      deliver(world, queue, anyFault(random)),
      ...Array.from({ length: random.below(4) }, () => erasures.deliver(anyFault(random))),
      ...(replays === null ? [] : [replays.deliver(anyFault(random))]),
    ]);
    await changed;
    await world.rest();
    if (random.chance(0.1)) await erasures.resume();
  }
  const tables = await readTables(world.originals);
  const before = await erasedBefore(world);
  return [
    ...queue.problems,
    ...world.problems,
    ...inconsistencies(tables, await partitionsOf(world)).filter((problem) => !COUNTS.test(problem)),
    ...returnedProblems(tables, before),
    ...(await leftProblems(world.originals)),
    ...(replays === null ? lostProblems(traffic, tables, before) : []),
  ];
}

/** What an erasure that is done may not leave behind. */
async function leftProblems(databases: readonly Database[]): Promise<string[]> {
  const problems: string[] = [];
  for (const { index, binding } of databases) {
    const places = (await binding.prepare("SELECT table_name AS name FROM erased_places").all<{ name: string }>())
      .results;
    problems.push(...places.map(({ name }) => `database ${index}: a place of ${name} is not scrubbed`));
    const tables = binding.prepare("SELECT name FROM sqlite_master WHERE name GLOB 'scrub_*'").all<{ name: string }>();
    problems.push(...(await tables).results.map(({ name }) => `database ${index}: the table ${name} is left`));
  }
  return problems;
}

function rewritten(sabotage: ErasureSabotage, sql: string): string {
  switch (sabotage) {
    case "without_tombstones":
      return sql.replace("FROM tombstones WHERE hash IN", "FROM tombstones WHERE 'x' || hash IN");
    case "without_moment":
      return sql.replace(/e\.occurred_at \+ e\.received_after < \d+/, "true");
    case "without_scrub":
      return sql.replace("= (SELECT min(table_name) FROM erased_places)", "= ''");
    default:
      return sql;
  }
}
