import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { type Sabotage, simulate } from "./simulate";

/** SEED=123 runs that seed alone; SEEDS=1000 runs more of them. */
const alone = env.SEED === undefined ? null : Number(env.SEED);
const seeds = alone === null ? Array.from({ length: Number(env.SEEDS ?? 300) }, (_, index) => index + 1) : [alone];

describe("whatever the platform does with the messages", () => {
  it.each(chunk(seeds, 10))(
    "the tables equal the model for the seeds from %i",
    { timeout: 120_000 },
    async (...some) => {
      for (const seed of some) {
        expect(await simulate(seed), `replay alone with SEED=${seed} npm run test:simulation`).toEqual([]);
      }
    },
  );
});

describe("the simulation notices", () => {
  it.each<[string, Sabotage]>([
    ["a session that forgets the ids it has seen", "forget_ids"],
    ["messages that are acknowledged before the commit", "acknowledge_before_commit"],
    ["a session that judges again what failed before", "judge_failures_again"],
    ["a session that tells only once what a schema in shadow says", "forget_shadow"],
  ])("%s", { timeout: 120_000 }, async (_, sabotage) => {
    const found: string[][] = [];
    for (let seed = 1_000_001; seed <= 1_000_010; seed++) found.push(await simulate(seed, sabotage));
    expect(found.filter((problems) => problems.length > 0).length).toBeGreaterThan(5);
  });
});

function chunk(items: number[], size: number): number[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
