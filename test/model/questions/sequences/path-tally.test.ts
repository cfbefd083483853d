import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  MAX_PATH_KEYS,
  OTHER,
  type PathState,
  PathTally,
  pathAnswer,
} from "../../../../src/model/questions/sequences/path-tally";
import { END } from "../../../../src/model/questions/sequences/paths";

const anyPath = fc.array(fc.constantFrom("a", "b", "c", "d", END), { minLength: 1, maxLength: 4 });

function tallied(paths: readonly string[][]): PathState {
  const tally = new PathTally();
  for (const path of paths) tally.add(path);
  return tally.state;
}

const total = (entries: readonly { count: number }[] | undefined) =>
  (entries ?? []).reduce((sum, { count }) => sum + count, 0);

describe("PathTally", () => {
  it("merges parts to the same counts as the whole", () => {
    fc.assert(
      fc.property(fc.array(anyPath), fc.array(anyPath), (some, others) => {
        const tally = new PathTally();
        for (const part of [some, others]) tally.addAll(JSON.parse(JSON.stringify(tallied(part))));
        expect(pathAnswer(tally.state, 3, 1)).toEqual(pathAnswer(tallied([...some, ...others]), 3, 1));
      }),
    );
  });

  it("loses no session, whatever keys are shown", () => {
    fc.assert(
      fc.property(fc.array(anyPath, { minLength: 1 }), fc.integer({ min: 1, max: 3 }), (paths, top) => {
        const { levels, edges } = pathAnswer(tallied(paths), top, 1);
        for (const [level, nodes] of levels.entries()) {
          expect(total(nodes)).toBe(paths.filter(({ length }) => length > level).length);
          expect(total(edges.filter((edge) => edge.level === level))).toBe(total(levels[level + 1]));
          expect(nodes.filter(({ key }) => key !== OTHER && key !== END).length).toBeLessThanOrEqual(top);
        }
      }),
    );
  });

  it("counts a bounded number of keys separately and reports it", () => {
    const paths = Array.from({ length: MAX_PATH_KEYS + 500 }, (_, n) => ["start", `page ${n}`, END]);
    const state = tallied([...paths, ...paths.slice(0, 10)]);
    expect(state.keys.length).toBeLessThanOrEqual(MAX_PATH_KEYS + 2);
    const { levels, accuracy } = pathAnswer(state, 5, 1);
    expect(accuracy).toEqual({ exact: false, folded: true });
    expect(levels[1]?.[0]).toEqual({ key: "page 0", count: 2 });
    expect(total(levels[1])).toBe(paths.length + 10);
    expect(JSON.stringify(state).length).toBeLessThan(1_000_000);
  });
});
