import { describe, expect, it } from "vitest";
import { billOf, monthOf, totalOf } from "../../bench/cost/bill.ts";
import { emptyTally, type Run } from "../../bench/cost/tally.ts";
import { PLAN_DOLLARS_PER_MONTH, PRICES } from "../../bench/prices.ts";

/** 1,000 events in as many requests, with numbers that can be reckoned by hand. */
const RUN: Run = {
  tally: {
    ...emptyTally(),
    requests: 1_000,
    consumerInvocations: 10,
    messageUnits: 1_000,
    objectCalls: 1_000,
    objectRows: 1_100,
    databaseRowsWritten: { events: 3_100, counts: 180, series: 0, errors: 0 },
    logLines: 10,
  },
  sent: 1_000,
  stored: 1_000,
  failed: 0,
  openings: 100,
  refused: 0,
};

describe("the bill", () => {
  const lines = billOf(RUN, 0.05);
  const line = (what: string) => lines.find((one) => one.what.startsWith(what));

  it("bills a message three times: written, read and deleted", () => {
    expect(line("queue")?.unitsPerMillionEvents).toBeCloseTo(3_000_000);
    expect(line("queue")?.dollarsPerMillionEvents).toBeCloseTo(1.2);
  });

  it("tells the events' own rows from those that list sessions", () => {
    expect(line("events")?.unitsPerMillionEvents).toBeCloseTo(3_000_000);
    expect(line("sessions")?.unitsPerMillionEvents).toBeCloseTo(100_000);
  });

  it("samples logs: a record of each invocation and each line", () => {
    expect(line("logs")?.unitsPerMillionEvents).toBeCloseTo((1_000 + 10 + 1_000 + 10) * 0.05 * 1_000);
  });

  it("sums up", () => {
    expect(totalOf(lines)).toBeCloseTo(lines.reduce((sum, one) => sum + one.dollarsPerMillionEvents, 0));
  });
});

describe("a month", () => {
  it("takes a product's allowance off once, however many lines use it", () => {
    const month = monthOf(billOf(RUN, 0.05), 100_000_000);
    const rows = month.lines.find(({ price }) => price === "databaseRowsWritten");
    expect(rows?.units).toBeCloseTo(328_000_000);
    expect(rows?.dollarsAtListPrice).toBeCloseTo(328);
    expect(rows?.dollars).toBeCloseTo(328 - PRICES.databaseRowsWritten.includedPerMonth / 1e6);
  });

  it("costs the plan alone while the allowances last", () => {
    const month = monthOf(billOf(RUN, 0.05), 1_000);
    expect(month.dollars).toBe(PLAN_DOLLARS_PER_MONTH);
    expect(month.dollarsAtListPrice).toBeGreaterThan(0);
  });
});
