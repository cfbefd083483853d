import { describe, expect, it } from "vitest";
import {
  groupsIn,
  MAX_INDEX_LEVEL,
  SessionIndexBuilder,
  soughtOf,
  visitorName,
} from "../../../../src/storage/archive/file/session-index";

function indexOf(names: readonly string[], groupOf: (n: number) => number = () => 0) {
  const builder = new SessionIndexBuilder();
  for (const [n, name] of names.entries()) builder.add(name, groupOf(n));
  const { level, buckets } = builder.build();
  const byNumber = new Map(buckets.map(({ bucket, entries }) => [bucket, entries]));
  const find = (name: string) => {
    const { buckets: sought, fingerprint } = soughtOf(name);
    const found = sought.map((bucket) => groupsIn(byNumber.get(bucket) ?? "", fingerprint));
    return found.filter((groups) => groups !== null);
  };
  return { level, buckets, find };
}

describe("the index of a file", () => {
  const names = Array.from({ length: 3_000 }, (_, n) => `session-${n}`);

  it("finds every name in one bucket, with its first and last row group, and no other name", () => {
    const { find } = indexOf([...names, ...names.slice(0, 10)], (n) => Math.floor(n / 100));
    for (const [n, name] of names.entries()) {
      const group = Math.floor(n / 100);
      expect(find(name)).toEqual([{ first: group, last: n < 10 ? 30 : group }]);
    }
    for (const name of names) expect(find(`other ${name}`)).toEqual([]);
  });

  it("keeps sessions and visitors of the same id apart", () => {
    const { find } = indexOf(["vera", visitorName("bert")]);
    expect(
      [find("vera"), find("bert"), find(visitorName("vera")), find(visitorName("bert"))].map(({ length }) => length),
    ).toEqual([1, 0, 0, 1]);
  });

  it("has one entry for a name, however many rows it has", () => {
    const { buckets } = indexOf(Array(1_000).fill("session"), (n) => Math.floor(n / 500));
    expect(buckets.map(({ entries }) => entries.length)).toEqual([14]);
  });

  it.each([
    [0, 0],
    [64, 0],
    [65, 1],
    [128, 1],
    [3_000, 6],
  ])("of %i names has 2^%i buckets", (count, level) => {
    expect(indexOf(names.slice(0, count)).level).toBe(level);
  });

  it("is looked up in one bucket for each level", () => {
    expect(new Set(soughtOf("session").buckets.map((bucket) => Math.floor(Math.log2(bucket)))).size).toBe(
      MAX_INDEX_LEVEL + 1,
    );
  });
});

it("ignores digits that match across two entries", () => {
  const entries = ["00112233440102", "55667788990304"].join("");
  expect(groupsIn(entries, "5566778899")).toEqual({ first: 3, last: 4 });
  expect(groupsIn(entries, "3440102556")).toBeNull();
  expect(groupsIn(entries, "4401025566")).toBeNull();
});
