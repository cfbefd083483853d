import { expect, it } from "vitest";
import { barsOf, holds } from "../../bench/cost/bars.ts";
import { SCENARIOS } from "../../bench/cost/scenarios.ts";
import { emptyTally, type Probe, type Run } from "../../bench/cost/tally.ts";

const [SCENARIO] = SCENARIOS;

const TALLY = {
  ...emptyTally(),
  requests: 1_000,
  kvReads: 2,
  messages: 1_000,
  objectCalls: 1_000,
  objectRows: 1_100,
  databaseRowsWritten: { events: 3_100, counts: 40, series: 28, errors: 0 },
};
const RUN: Run = { tally: TALLY, sent: 1_000, stored: 1_000, failed: 0, openings: 100, refused: 0 };
const PROBE: Probe = {
  redeliveredEventRows: 0,
  redeliveredRows: 0,
  statements: [
    { messages: 10, statements: 5 },
    { messages: 100, statements: 5 },
  ],
};

function failing(run: Partial<Run>, probe: Partial<Probe> = {}): string[] {
  if (SCENARIO === undefined) return [];
  const bars = barsOf(SCENARIO, { ...RUN, ...run }, { ...PROBE, ...probe });
  return bars.filter((bar) => !holds(bar)).map(({ what }) => what);
}

it("holds where every count is as promised", () => {
  expect(failing({})).toEqual([]);
});

it.each([
  ["a lost event", { stored: 999 }, {}],
  ["a refused request", { refused: 1 }, {}],
  [
    "a fourth row an event",
    { tally: { ...TALLY, databaseRowsWritten: { ...TALLY.databaseRowsWritten, events: 4_100 } } },
    {},
  ],
  ["dearer counts", { tally: { ...TALLY, databaseRowsWritten: { ...TALLY.databaseRowsWritten, counts: 101 } } }, {}],
  ["dearer series", { tally: { ...TALLY, databaseRowsWritten: { ...TALLY.databaseRowsWritten, series: 31 } } }, {}],
  ["two rows a call", { tally: { ...TALLY, objectRows: 2_000 } }, {}],
  ["a look-up for each request", { tally: { ...TALLY, kvReads: 1_000 } }, {}],
  ["two messages a request", { tally: { ...TALLY, messages: 2_000 } }, {}],
  ["a redelivered event that is written again", {}, { redeliveredEventRows: 3 }],
  [
    "statements that grow with the batch",
    {},
    {
      statements: [
        { messages: 10, statements: 5 },
        { messages: 100, statements: 6 },
      ],
    },
  ],
])("fails for %s", (_, run, probe) => {
  expect(failing(run, probe)).not.toEqual([]);
});
