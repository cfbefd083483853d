import { PLAN_DOLLARS_PER_MONTH, PRICES, type PriceName } from "../prices.ts";
import type { Run } from "./tally.ts";

/** A line of the bill: what was done, and what it costs at list price. */
export interface BillLine {
  what: string;
  price: PriceName;
  unitsPerMillionEvents: number;
  dollarsPerMillionEvents: number;
}

/** The bill of a month at a steady rate, by product, since an allowance belongs to a product. */
export interface MonthLine {
  price: PriceName;
  units: number;
  dollarsAtListPrice: number;
  /** After the plan's allowance, which the whole account shares. */
  dollars: number;
}

export interface Month {
  lines: MonthLine[];
  dollarsAtListPrice: number;
  /** With the allowances, the plan's own price included. */
  dollars: number;
}

/** @param sampling share of invocations whose logs are kept, from wrangler.toml. */
export function billOf({ tally, openings, sent }: Run, sampling: number): BillLine[] {
  const { events, counts, series, errors } = tally.databaseRowsWritten;
  // Each invocation leaves a record of its own beside the lines that it logged.
  const invocations = tally.requests + tally.consumerInvocations + tally.objectCalls;
  const units: [what: string, price: PriceName, units: number][] = [
    ["requests of applications", "requests", tally.requests],
    ["invocations of the consumer", "requests", tally.consumerInvocations],
    ["look-ups of keys", "kvReads", tally.kvReads],
    ["queue: write, read, delete", "queueOperations", 3 * tally.messageUnits],
    ["calls of groups of sessions", "objectRequests", tally.objectCalls],
    ["rows of groups of sessions", "objectRowsWritten", tally.objectRows],
    ["events: row and two index entries", "databaseRowsWritten", events - openings],
    ["sessions: index entry a quarter of an hour", "databaseRowsWritten", openings],
    ["counts", "databaseRowsWritten", counts],
    ["categories and series", "databaseRowsWritten", series],
    ["errors and their counts", "databaseRowsWritten", errors],
    ["rows read", "databaseRowsRead", tally.databaseRowsRead],
    ["logs, sampled", "logEvents", (invocations + tally.logLines) * sampling],
  ];
  return units.map(([what, price, count]) => {
    const unitsPerMillionEvents = (count / sent) * 1e6;
    const dollars = (unitsPerMillionEvents / 1e6) * PRICES[price].dollarsPerMillion;
    return { what, price, unitsPerMillionEvents, dollarsPerMillionEvents: dollars };
  });
}

export function totalOf(lines: readonly BillLine[]): number {
  return lines.reduce((sum, { dollarsPerMillionEvents }) => sum + dollarsPerMillionEvents, 0);
}

export function monthOf(lines: readonly BillLine[], eventsPerMonth: number): Month {
  const byProduct = Map.groupBy(lines, ({ price }) => price);
  const months = [...byProduct].map(([price, own]): MonthLine => {
    const { dollarsPerMillion, includedPerMonth } = PRICES[price];
    const perMillionEvents = own.reduce((sum, line) => sum + line.unitsPerMillionEvents, 0);
    const units = (perMillionEvents / 1e6) * eventsPerMonth;
    const dollarsFor = (billed: number) => (billed / 1e6) * dollarsPerMillion;
    return {
      price,
      units,
      dollarsAtListPrice: dollarsFor(units),
      dollars: dollarsFor(Math.max(0, units - includedPerMonth)),
    };
  });
  return {
    lines: months,
    dollarsAtListPrice: months.reduce((sum, line) => sum + line.dollarsAtListPrice, 0),
    dollars: months.reduce((sum, line) => sum + line.dollars, PLAN_DOLLARS_PER_MONTH),
  };
}
