import { describe, expect, it } from "vitest";
import { billOf, monthOf, totalOf } from "../../bench/cost/bill.ts";
import { emptyTally, type Probe, type Run } from "../../bench/cost/tally.ts";
import { PLAN_DOLLARS_PER_MONTH, PRICES } from "../../bench/prices.ts";

/** 1,000 events in as many requests, with numbers that can be computed by hand. */
const RUN: Run = {
  tally: {
    ...emptyTally(),
    requests: 1_000,
    consumerInvocations: 10,
    messageUnits: 1_000,
    objectCalls: 1_000,
    databaseRowsWritten: {
      events: 1_050,
      activity: 100,
      visits: 7,
      counts: 30,
      series: 0,
      errors: 0,
      partitions: 0,
      archive: 0,
    },
    logLines: 10,
  },
  sent: 1_000,
  stored: 1_000,
  failed: 0,
  rare: 50,
  refused: 0,
};

const PROBE: Probe = {
  redeliveredRows: 0,
  statements: [],
  partition: { written: 1_440, read: 0 },
  upkeep: { written: 5, read: 100 },
};

describe("the bill", () => {
  const lines = billOf(RUN, PROBE, 0.05);
  const line = (what: string) => lines.find((one) => one.what.startsWith(what));

  it("bills a message three times: written, read and deleted", () => {
    expect(line("queue")?.unitsPerMillionEvents).toBeCloseTo(3_000_000);
    expect(line("queue")?.dollarsPerMillionEvents).toBeCloseTo(1.2);
  });

  it("separates the rows of events from those of the index of rare categories and of sessions", () => {
    expect(line("events")?.unitsPerMillionEvents).toBeCloseTo(1_000_000);
    expect(line("events of rare")?.unitsPerMillionEvents).toBeCloseTo(50_000);
    expect(line("sessions")?.unitsPerMillionEvents).toBeCloseTo(100_000);
  });

  it("spreads the cost of a partition and its upkeep over a day at 100 events a second", () => {
    expect(line("partitions")?.unitsPerMillionEvents).toBeCloseTo((1_440 * (1 + 5)) / 8.64);
    expect(line("rows read")?.unitsPerMillionEvents).toBeCloseTo((1_440 * 100) / 8.64);
  });

  it("samples logs: a record for each invocation and each line", () => {
    expect(line("logs")?.unitsPerMillionEvents).toBeCloseTo((1_000 + 10 + 1_000 + 10) * 0.05 * 1_000);
  });

  it("sums up", () => {
    expect(totalOf(lines)).toBeCloseTo(lines.reduce((sum, one) => sum + one.dollarsPerMillionEvents, 0));
  });
});

describe("a month", () => {
  it("subtracts a product's allowance once, however many lines use it", () => {
    const month = monthOf(billOf(RUN, PROBE, 0.05), 100_000_000);
    const rows = month.lines.find(({ price }) => price === "databaseRowsWritten");
    expect(rows?.units).toBeCloseTo(118_800_000);
    expect(rows?.dollarsAtListPrice).toBeCloseTo(118.8);
    expect(rows?.dollars).toBeCloseTo(118.8 - PRICES.databaseRowsWritten.includedPerMonth / 1e6);
  });

  it("costs only the price of the plan within the allowances", () => {
    const month = monthOf(billOf(RUN, PROBE, 0.05), 1_000);
    expect(month.dollars).toBe(PLAN_DOLLARS_PER_MONTH);
    expect(month.dollarsAtListPrice).toBeGreaterThan(0);
  });
});
