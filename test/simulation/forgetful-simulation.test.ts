import { beforeAll, describe, expect, it } from "vitest";
import { simulate, withoutWaiting } from "./simulate";
import { chunk, seedsOf } from "./world/seeds";

const seeds = seedsOf(300).filter((seed) => seed % 2 === 0);

beforeAll(withoutWaiting);

describe.skipIf(seeds.length === 0)("if every object forgets everything between any two calls", () => {
  it.each(chunk(seeds, 10))(
    "the tables equal the model for the even seeds from %i",
    { timeout: 120_000 },
    async (...some) => {
      for (const seed of some) expect(await simulate(seed), `replay alone with SEED=${seed}`).toEqual([]);
    },
  );
});
