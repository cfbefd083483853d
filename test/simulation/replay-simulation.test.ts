import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { type ReplaySabotage, simulateReplays } from "./simulate-replays";

/** SEED=123 runs that seed alone; SEEDS=1000 runs more of them. */
const alone = env.SEED === undefined ? null : Number(env.SEED);
const seeds = alone === null ? Array.from({ length: Number(env.SEEDS ?? 100) }, (_, index) => index + 1) : [alone];

describe("whatever becomes of replays that race with the traffic", () => {
  it.each(chunk(seeds, 10))(
    "the tables equal the model for the seeds from %i",
    { timeout: 120_000 },
    async (...some) => {
      for (const seed of some) {
        expect(await simulateReplays(seed), `replay alone with SEED=${seed}`).toEqual([]);
      }
    },
  );
});

describe("the simulation of replays notices", () => {
  it.each<[string, ReplaySabotage, number]>([
    ["a replay whose ids its session does not know again", "under_new_ids", 2_000_000],
    ["an error that is settled though its event is not stored", "settle_before_storing", 2_001_000],
    ["a replay that counts failures again", "count_failures_again", 2_002_000],
    ["two replays that have one error in hand", "without_claims", 2_003_000],
  ])("%s", { timeout: 120_000 }, async (_, sabotage, first) => {
    const found: string[][] = [];
    for (let seed = first; seed < first + 12; seed++) found.push(await simulateReplays(seed, sabotage));
    expect(found.filter((problems) => problems.length > 0).length).toBeGreaterThan(2);
  });
});

function chunk(items: number[], size: number): number[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
