import { env } from "cloudflare:workers";
import type { Pipeline } from "../../src/pipeline/consumer";
import { type Database, databasesOf } from "../../src/storage/databases";
import { newDeliveries } from "./deliveries";
import { seeded } from "./random";
import { replayDifferences } from "./replay-outcome";
import { movingEffect, startReplays } from "./replays";
import {
  deliver,
  disturb,
  draw,
  evict,
  FAULTS,
  type Fault,
  faultyPipeline,
  MAX_DELIVERIES,
  type Pending,
} from "./simulate";
import { makeTraffic } from "./traffic";

/** A rule of replaying that is broken on purpose, to show that the simulation notices. */
export type ReplaySabotage =
  | "none"
  | "under_new_ids"
  | "without_claims"
  | "settle_before_storing"
  | "count_failures_again";

/**
 * Runs one seed: the traffic of the other simulation, without changing rules, while replays of what has failed so far are
 * begun and delivered between its messages and beside them: with repairs that mend all, a part or nothing, that differ, or
 * that name another session. In half of the seeds everything is mended in the end.
 *
 * @returns every difference from the model in words
 */
export async function simulateReplays(seed: number, sabotage: ReplaySabotage = "none"): Promise<string[]> {
  const random = seeded(seed);
  const made = makeTraffic(seed, random);
  const traffic = { ...made, regimes: [made.regimes[0]] as const };
  const pending = new Map<string, Pending>();
  for (const [index, body] of traffic.envelopes.entries())
    pending.set(`${seed}-${index}`, { id: `${seed}-${index}`, body, attempts: 0 });
  const record = newDeliveries();
  const around = { random, sabotage: "none" as const, pending, delivered: [], writes: [], traffic, record };
  const replays = startReplays(seed, random, traffic, sabotage === "without_claims" ? movingEffect : undefined);
  const replayOnce = (fault: Fault) =>
    replays.deliver(fault, (crash) => {
      const pipeline = faultyPipeline(fault, around, { crash, regime: traffic.regimes[0] });
      return sabotaged(sabotage, pipeline);
    });

  const rounds = 2 * traffic.envelopes.length;
  for (let delivery = 0; pending.size > 0 || replays.pending() > 0 || delivery < rounds; delivery++) {
    if (delivery > MAX_DELIVERIES) return [`${pending.size + replays.pending()} messages are never acknowledged`];
    const calm = delivery > rounds;
    const fault = () => (calm ? "none" : random.pick(FAULTS));
    // Not too early, or there is nothing to replay; now and then several, which meet at the same errors.
    const begin = calm || delivery < 3 || random.chance(0.7) ? 0 : 1 + random.below(3);
    for (let n = 0; n < begin; n++) await replays.begin();
    const steps = calm ? 2 : random.below(5);
    await Promise.all([
      deliver(draw(random, pending, calm ? [] : around.delivered), fault(), around),
      ...Array.from({ length: steps }, () => replayOnce(fault())),
    ]);
    if (calm) continue;
    // An object is cleaned up days after its last event: never in the midst of a replay's step.
    if (replays.pending() === 0) await disturb(random, traffic.sessions, record);
    else for (const session of traffic.sessions) if (random.chance(0.1)) await evict(session);
  }
  const allMended = random.chance(0.5);
  if (allMended) await replays.beginLast();
  while (replays.pending() > 0) await replayOnce("none");
  await Promise.allSettled(around.writes);
  return replayDifferences(traffic, databasesOf(env), { begun: replays.begun, allMended });
}

function sabotaged(sabotage: ReplaySabotage, pipeline: Pipeline): Pipeline {
  if (sabotage === "under_new_ids") {
    const callGroup: Pipeline["callGroup"] = (group, { calls, rules }) => {
      const renamed = calls.map((call) => {
        const arrivals = call.arrivals.map((arrival) => ({ ...arrival, id: crypto.randomUUID() }));
        return { ...call, arrivals };
      });
      return pipeline.callGroup(group, { calls: renamed, rules });
    };
    return { ...pipeline, callGroup };
  }
  if (sabotage === "without_claims") return { ...pipeline, databases: pipeline.databases.map(withoutClaims) };
  if (sabotage === "settle_before_storing") {
    // The transaction of the event is lost, but not that of its error.
    const write: Pipeline["write"] = (database, rows) => pipeline.write(database, { ...rows, events: [] });
    return { ...pipeline, write };
  }
  if (sabotage === "count_failures_again") {
    const write: Pipeline["write"] = async (database, rows) => {
      await pipeline.write(database, rows);
      const ids = JSON.stringify((rows.settlements ?? []).map(({ error }) => error.id));
      const again = "UPDATE failures SET events = events + 1 WHERE last_error_id IN (SELECT value FROM json_each(?1))";
      await database.binding.prepare(again).bind(ids).run();
    };
    return { ...pipeline, write };
  }
  return pipeline;
}

/** A database in which a replay takes errors that another has in hand. */
function withoutClaims({ index, binding }: Database): Database {
  const unguarded = {
    prepare: (sql: string) => binding.prepare(sql.replace("AND (claimed_by IS NULL OR", "AND (true OR")),
    batch: binding.batch.bind(binding),
    withSession: binding.withSession.bind(binding),
  };
  return { index, binding: Object.assign(Object.create(binding), unguarded) };
}
