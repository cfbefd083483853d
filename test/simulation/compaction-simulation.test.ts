import { beforeAll, describe, expect, it } from "vitest";
import type { ArchiveSabotage } from "./archive/archive-sabotage";
import { withoutWaiting } from "./simulate";
import { simulateCompaction } from "./simulate-compaction";
import { chunk, seedsOf } from "./world/seeds";

beforeAll(withoutWaiting);

describe("whatever becomes of the compactor while traffic and readers go on", () => {
  it.each(chunk(seedsOf(24), 4))(
    "each reader sees each event once, and databases and archive equal the model, for the seeds from %i",
    { timeout: 240_000 },
    async (...some) => {
      for (const seed of some) expect(await simulateCompaction(seed), `replay alone with SEED=${seed}`).toEqual([]);
    },
  );
});

/** Some breaches show only where a crash meets late events. */
const MAX_SEEDS = 30;

describe("the simulation of the compactor notices", () => {
  it.each<[string, ArchiveSabotage, RegExp]>([
    ["a partition that is dropped before it is copied", "published_before_copied", /was not read|stored 0 times/],
    ["late events that are moved without being counted", "late_uncounted", /counts by/],
    ["late copies that are archived beside their event", "copies_kept", /was read twice|stored 2 times/],
    ["copies of erased rows in pages that nobody overwrites", "pages_kept", /free pages/],
  ])("%s", { timeout: 240_000 }, async (_, sabotage, sign) => {
    let isNoticed = false;
    for (let seed = 4_000_001; seed <= 4_000_000 + MAX_SEEDS && !isNoticed; seed++) {
      isNoticed = (await simulateCompaction(seed, sabotage)).some((problem) => sign.test(problem));
    }
    expect(isNoticed).toBe(true);
  });
});
