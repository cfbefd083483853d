import { beforeAll, describe, expect, it } from "vitest";
import { withoutWaiting } from "./simulate";
import { type ReplaySabotage, simulateReplays } from "./simulate-replays";
import { chunk, seedsOf } from "./world/seeds";

/** Some faults show only if two replays have the same error, or if the rules change during a replay. */
const MAX_SEEDS = 80;

beforeAll(withoutWaiting);

describe("with replays that race with the traffic", () => {
  it.each(chunk(seedsOf(100), 10))(
    "the tables equal the model for the seeds from %i",
    { timeout: 120_000 },
    async (...some) => {
      for (const seed of some) expect(await simulateReplays(seed), `replay alone with SEED=${seed}`).toEqual([]);
    },
  );
});

describe("the simulation of replays notices", () => {
  it.each<[string, ReplaySabotage]>([
    ["replayed events that get new ids", "new_ids"],
    ["two replays that process one error", "without_claims"],
    ["an error that is resolved although its event is not stored", "resolve_without_event"],
    ["a replay that counts failures again", "count_failures_again"],
    ["a replay whose rules change from step to step", "rules_at_step"],
  ])("%s", { timeout: 120_000 }, async (_, sabotage) => {
    let isNoticed = false;
    for (let seed = 2_000_001; seed <= 2_000_000 + MAX_SEEDS && !isNoticed; seed++) {
      isNoticed = (await simulateReplays(seed, sabotage)).length > 0;
    }
    expect(isNoticed).toBe(true);
  });
});
