import { expect, it } from "vitest";
import { barsOf, compactionBars, holds } from "../../bench/cost/bars.ts";
import { billOf } from "../../bench/cost/bill.ts";
import { compactionBill, storageBill } from "../../bench/cost/compaction-bill.ts";
import { SCENARIOS } from "../../bench/cost/scenarios.ts";
import { type Compaction, emptyTally, type Probe, type Run } from "../../bench/cost/tally.ts";

const [SCENARIO] = SCENARIOS;

const ROWS = { events: 1_000, activity: 100, visits: 0, counts: 40, series: 28, errors: 0, partitions: 0, archive: 0 };
const TALLY = {
  ...emptyTally(),
  requests: 1_000,
  kvReads: 2,
  kvWrites: 0,
  messages: 1_000,
  messageUnits: 1_000,
  objectCalls: 1_000,
  databaseRowsWritten: ROWS,
};
const RUN: Run = { tally: TALLY, sent: 1_000, stored: 1_000, failed: 0, rare: 0, refused: 0 };
const PROBE: Probe = {
  redeliveredRows: 0,
  statements: [
    { messages: 10, statements: 9 },
    { messages: 100, statements: 9 },
  ],
  partition: { written: 15, read: 100 },
  upkeep: { written: 1, read: 20 },
};

function failing(run: Partial<Run>, probe: Partial<Probe> = {}): string[] {
  if (SCENARIO === undefined) return [];
  const found = [
    { ...RUN, ...run },
    { ...PROBE, ...probe },
  ] as const;
  const bars = barsOf(SCENARIO, ...found, billOf(...found, 0.05));
  return bars.filter((bar) => !holds(bar)).map(({ what }) => what);
}

it("holds if every count is within its limit", () => {
  expect(failing({})).toEqual([]);
});

it.each([
  ["a lost event", { stored: 999 }, {}],
  ["a refused request", { refused: 1 }, {}],
  ["a second row an event", { tally: { ...TALLY, databaseRowsWritten: { ...ROWS, events: 2_000 } } }, {}],
  ["a row an event for its session", { tally: { ...TALLY, databaseRowsWritten: { ...ROWS, activity: 1_000 } } }, {}],
  ["dearer counts", { tally: { ...TALLY, databaseRowsWritten: { ...ROWS, counts: 240 } } }, {}],
  ["dearer series", { tally: { ...TALLY, databaseRowsWritten: { ...ROWS, series: 31 } } }, {}],
  ["dearer errors", { failed: 1, tally: { ...TALLY, databaseRowsWritten: { ...ROWS, errors: 17 } } }, {}],
  ["a row in an object", { tally: { ...TALLY, objectRows: 1 } }, {}],
  ["a second call of an object", { tally: { ...TALLY, objectCalls: 1_001 } }, {}],
  ["dearer messages", { tally: { ...TALLY, messageUnits: 1_200 } }, {}],
  ["a look-up for each request", { tally: { ...TALLY, kvReads: 1_000 } }, {}],
  ["two messages a request", { tally: { ...TALLY, messages: 2_000 } }, {}],
  ["a redelivered event that is written again", {}, { redeliveredRows: 3 }],
  ["dearer partitions", {}, { partition: { written: 26, read: 0 } }],
  ["a dearer cron", {}, { upkeep: { written: 2, read: 0 } }],
  [
    "statements that grow with the batch",
    {},
    {
      statements: [
        { messages: 10, statements: 9 },
        { messages: 100, statements: 10 },
      ],
    },
  ],
])("fails for %s", (_, run, probe) => {
  expect(failing(run, probe)).not.toEqual([]);
});

const MOVED: Compaction = {
  move: { ...emptyTally(), databaseRowsRead: 2_000, bucketWrites: 1 },
  ...{ empty: emptyTally(), look: emptyTally(), errors: emptyTally(), archivedErrors: RUN.failed },
  ...{ hotBytes: 170, archivedBytes: 30, indexBytes: 1, archived: 1_000 },
};

function failingCompaction(moved: Partial<Compaction>): string[] {
  if (SCENARIO === undefined) return [];
  const found = { ...MOVED, ...moved };
  const bills = {
    lines: billOf(RUN, PROBE, 0.05),
    compaction: compactionBill(found, 0.05),
    storage: storageBill(found),
  };
  const bars = compactionBars(SCENARIO, RUN, found, bills);
  return bars.filter((bar) => !holds(bar)).map(({ what }) => what);
}

it("holds where the compactor costs what is promised", () => {
  expect(failingCompaction({})).toEqual([]);
});

it.each<[string, Partial<Compaction>]>([
  ["an event that is not archived", { archived: 999 }],
  ["an error that is not archived", { archivedErrors: RUN.failed - 1 }],
  ["a row for every tenth event", { move: { ...emptyTally(), databaseRowsWritten: { ...ROWS, events: 100 } } }],
  ["larger events in D1", { hotBytes: 10_000 }],
])("fails for a compactor with %s", (_, moved) => {
  expect(failingCompaction(moved)).not.toEqual([]);
});
