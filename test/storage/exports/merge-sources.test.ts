import fc from "fast-check";
import { expect, it } from "vitest";
import { mergeSources } from "../../../src/storage/exports/merge-sources";

async function* inParts(parts: number[][]): AsyncGenerator<number[]> {
  for (const part of parts) yield part;
}

it("returns every row once and in order, whatever the sources hold", async () => {
  const source = fc.array(fc.array(fc.nat(50), { minLength: 1, maxLength: 5 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(fc.array(source, { maxLength: 5 }), async (sources) => {
      const sorted = sources.map((parts) => {
        const rows = parts.flat().sort((a, b) => a - b);
        return parts.map(({ length }, n) => {
          const start = parts.slice(0, n).flat().length;
          return rows.slice(start, start + length);
        });
      });
      const merged: number[] = [];
      for await (const rows of mergeSources(sorted.map(inParts), (a, b) => a - b)) merged.push(...rows);
      expect(merged).toEqual(sources.flat(2).sort((a, b) => a - b));
    }),
  );
});

it("ends its sources if it is ended early", async () => {
  let ended = 0;
  async function* endless(): AsyncGenerator<number[]> {
    try {
      for (let n = 0; ; n++) yield [n];
    } finally {
      ended += 1;
    }
  }
  for await (const _ of mergeSources([endless(), endless()], (a, b) => a - b)) break;
  expect(ended).toBe(2);
});
