import { describe, expect, it } from "vitest";
import { databaseOf } from "../../../src/storage/partitions/partition";
import { SAMPLE_KEYS, sampleKeyOf } from "../../../src/storage/partitions/sample-key";

describe("sampleKeyOf", () => {
  it("spreads ids of any form evenly, in each of the databases", () => {
    const forms: ((n: number) => string)[] = [
      (n) => `visit ${n}`,
      (n) => `00000000-0000-0000-0000-${String(n).padStart(12, "0")}`,
      // UUIDs of version 7 start with the time.
      (n) => `019a0000-${(n % 65_536).toString(16).padStart(4, "0")}-7000-8000-000000000000`,
    ];
    for (const idOf of forms) {
      const low = [0, 0, 0];
      const all = [0, 0, 0];
      for (let n = 0; n < 12_000; n++) {
        const database = databaseOf({ databases: [0, 1, 2] }, idOf(n));
        all[database] = (all[database] ?? 0) + 1;
        if (sampleKeyOf(idOf(n)) < SAMPLE_KEYS / 4) low[database] = (low[database] ?? 0) + 1;
      }
      for (const [database, count] of low.entries()) {
        const share = count / (all[database] ?? 1);
        expect(share).toBeGreaterThan(0.22);
        expect(share).toBeLessThan(0.28);
      }
    }
  });

  it("never changes, because rows are clustered by it", () => {
    expect(["", "visit 1", "e2085be5-9137-4e4e-80b5-f1ffddc25423"].map(sampleKeyOf)).toEqual([19582, 24570, 6993]);
  });
});
