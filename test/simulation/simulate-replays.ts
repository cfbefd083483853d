import { tieOf } from "../../src/model/event/event-key";
import type { Pipeline } from "../../src/pipeline/process-batch";
import type { BatchRows } from "../../src/storage/write/rows";
import { inconsistencies } from "./model/consistency";
import { replayDisagreements } from "./model/replay-model";
import { movingEffect, startReplays } from "./model/replays";
import { deliver, makeQueue, partitionsOf, passTime } from "./simulate";
import { seeded } from "./world/random";
import { emptyDatabases, readTables } from "./world/tables";
import { makeTraffic } from "./world/traffic";
import type { Fault } from "./world/weather";
import { anyFault, evict, makeWorld } from "./world/world";

/** A guarantee of replays that is broken on purpose, to show that the simulation notices. */
export type ReplaySabotage =
  | "none"
  /** A replayed event gets a new id each time. */
  | "new_ids"
  /** Two replays may process one error. */
  | "without_claims"
  /** Errors are resolved although their events are not stored. */
  | "resolve_without_event"
  | "count_failures_again"
  /** A replay validates by the rules at its steps, not by those at its creation. */
  | "rules_at_step";

const MAX_ROUNDS = 200;

/**
 * Runs one seed: the traffic of the other simulation, while replays of the failed events begin and are delivered between its
 * messages and concurrently. Their repairs fix all, a part or nothing, differ, or set another session. In half of the seeds
 * everything is repaired at the end.
 *
 * @returns a description of every difference from the model
 */
export async function simulateReplays(seed: number, sabotage: ReplaySabotage = "none"): Promise<string[]> {
  const random = seeded(seed);
  const made = makeTraffic(random);
  // An event in pieces is not an event in a message, and cannot be stored.
  const messages = made.messages.filter(({ body }) => !body.includes('"oversized":'));
  const traffic = { ...made, messages, oversized: [] };
  const world = makeWorld(random, traffic, { sabotage: "none", isForgetful: seed % 2 === 0 });
  if (sabotage === "without_claims") world.conditions.rewrite = withoutClaims;
  await emptyDatabases(world.originals);
  for (const session of traffic.sessions) await evict(session);
  const queue = makeQueue(traffic, "none");
  const replays = startReplays(world, traffic, {
    ...(sabotage === "without_claims" ? { effectOf: movingEffect } : {}),
    ...(sabotage === "rules_at_step" ? { validatedAt: () => world.now } : {}),
  });
  const replayOnce = (fault: Fault) => replays.deliver(fault, (pipeline) => sabotaged(sabotage, pipeline));

  let calm = 0;
  for (let round = 0; !queue.isDone() || replays.pending() > 0 || calm === 0; round++) {
    const isCalm = queue.isWhole() && (calm > 0 || round > traffic.messages.length * 0.7 + 3);
    if (isCalm && calm === 0) await world.resolve();
    if (isCalm) calm += 1;
    if (round > MAX_ROUNDS) return [`${queue.pending.size + replays.pending()} messages are never acknowledged`];
    passTime(world, queue);
    if (isCalm) {
      await deliver(world, queue, "none");
      await replayOnce("none");
      continue;
    }
    await world.change();
    // Not too early, because then there is nothing to replay; sometimes several, with the same errors.
    const begin = round < 3 || random.chance(0.7) ? 0 : 1 + random.below(3);
    for (let n = 0; n < begin; n++) await replays.begin();
    const changed = random.chance(0.3) ? world.changePartitions() : null;
    await Promise.all([
      deliver(world, queue, anyFault(random)),
      ...Array.from({ length: random.below(4) }, () => replayOnce(anyFault(random))),
    ]);
    await changed;
    // Nothing outlives its invocation by a minute.
    await world.rest();
  }
  const isLast = random.chance(0.5);
  if (isLast) await replays.beginLast();
  for (let round = 0; replays.pending() > 0; round++) {
    if (round > MAX_ROUNDS) return [`${replays.pending()} steps are never done`];
    await Promise.all([replayOnce("none"), replayOnce("none"), replayOnce("none")]);
  }
  const partitions = await partitionsOf(world);
  const tables = await readTables(world.originals);
  return [
    ...queue.problems,
    ...world.problems,
    ...inconsistencies(tables, partitions),
    ...(await replayDisagreements({ traffic, begun: replays.begun, isLast }, tables, partitions, world.originals)),
  ];
}

function sabotaged(sabotage: ReplaySabotage, pipeline: Pipeline): Pipeline {
  const { write } = pipeline;
  if (sabotage === "new_ids") {
    return { ...pipeline, write: (database, rows, mayHold) => write(database, underNewIds(rows), mayHold) };
  }
  if (sabotage === "resolve_without_event") {
    return { ...pipeline, write: (database, rows, mayHold) => write(database, { ...rows, events: [] }, mayHold) };
  }
  if (sabotage === "count_failures_again") {
    return {
      ...pipeline,
      write: async (database, rows, mayHold) => {
        const result = await write(database, rows, mayHold);
        const ids = JSON.stringify((rows.resolutions ?? []).map(({ error }) => error.id));
        const again =
          "UPDATE failures SET events = events + 1 WHERE last_error_id IN (SELECT value FROM json_each(?1))";
        await database.binding.prepare(again).bind(ids).run();
        return result;
      },
    };
  }
  return pipeline;
}

function underNewIds(rows: BatchRows): BatchRows {
  const events = rows.events.map(({ lane, rows: own }) => ({
    lane,
    rows: own.map((row) => {
      const id = crypto.randomUUID();
      return { ...row, id, tie: tieOf(id) };
    }),
  }));
  return { ...rows, events };
}

function withoutClaims(sql: string): string {
  return sql.replace("AND (claimed_by IS NULL OR", "AND (true OR");
}
