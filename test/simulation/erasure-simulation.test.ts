import { beforeAll, describe, expect, it } from "vitest";
import { withoutWaiting } from "./simulate";
import { type ErasureSabotage, simulateErasures } from "./simulate-erasures";
import { chunk, seedsOf } from "./world/seeds";

/** Some faults show only if an erasure coincides with a write. */
const MAX_SEEDS = 80;

beforeAll(withoutWaiting);

describe("with erasures that race with the traffic and with replays", () => {
  it.each(chunk(seedsOf(100), 10))(
    "no erased event is left and no other event is missing, for the seeds from %i",
    { timeout: 120_000 },
    async (...some) => {
      for (const seed of some) expect(await simulateErasures(seed), `replay alone with SEED=${seed}`).toEqual([]);
    },
  );
});

describe("the simulation of erasures notices", () => {
  it.each<[string, ErasureSabotage]>([
    ["writers that do not check for erasures", "without_tombstones"],
    ["an erasure of events that were received later", "without_moment"],
    ["places that are not scrubbed", "without_scrub"],
  ])("%s", { timeout: 120_000 }, async (_, sabotage) => {
    let isNoticed = false;
    for (let seed = 3_000_001; seed <= 3_000_000 + MAX_SEEDS && !isNoticed; seed++) {
      isNoticed = (await simulateErasures(seed, sabotage)).length > 0;
    }
    expect(isNoticed).toBe(true);
  });
});
