import { PLAN_DOLLARS_PER_MONTH, PRICES, type PriceName } from "../prices.ts";
import { EVENTS_PER_DAY } from "./scenarios.ts";
import type { Probe, Run } from "./tally.ts";

/** A line of the bill: an operation and its cost at list price. */
export interface BillLine {
  what: string;
  price: PriceName;
  /** Of the run as it was. */
  units: number;
  unitsPerMillionEvents: number;
  dollarsPerMillionEvents: number;
}

/** The bill of a month at a steady rate, by product, because an allowance applies to a product. */
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
  /** With the allowances, and including the price of the plan. */
  dollars: number;
}

const MINUTES_PER_DAY = 1_440;

/**
 * The cost of partitions is spread over a day of traffic: creating one, and the cron's upkeep each minute.
 *
 * @param sampling share of invocations whose logs are kept, from wrangler.toml
 */
export function billOf({ tally, rare, sent }: Run, { partition, upkeep }: Probe, sampling: number): BillLine[] {
  const { events, activity, visits, counts, series, errors } = tally.databaseRowsWritten;
  // Each invocation leaves a record in addition to the lines that it logs.
  const invocations = tally.requests + tally.consumerInvocations + tally.objectCalls;
  const share = sent / EVENTS_PER_DAY;
  const partitions = {
    written: tally.databaseRowsWritten.partitions + share * (partition.written + MINUTES_PER_DAY * upkeep.written),
    read: share * (partition.read + MINUTES_PER_DAY * upkeep.read),
  };
  const units: [what: string, price: PriceName, units: number][] = [
    ["requests of applications", "requests", tally.requests],
    ["invocations of the consumer", "requests", tally.consumerInvocations],
    ["look-ups of keys", "kvReads", tally.kvReads],
    ["queue: write, read, delete", "queueOperations", 3 * tally.messageUnits],
    ["calls of sessions' objects", "objectRequests", tally.objectCalls],
    ["rows of sessions' objects", "objectRowsWritten", tally.objectRows],
    ["events", "databaseRowsWritten", events - rare],
    ["events of rare categories: index entry", "databaseRowsWritten", rare],
    ["sessions: a row for a quarter of an hour", "databaseRowsWritten", activity],
    ["visits", "databaseRowsWritten", visits],
    ["counts", "databaseRowsWritten", counts],
    ["categories and series", "databaseRowsWritten", series],
    ["errors and their counts", "databaseRowsWritten", errors],
    ["partitions", "databaseRowsWritten", partitions.written],
    ["rows read", "databaseRowsRead", tally.databaseRowsRead + partitions.read],
    ["logs, sampled", "logEvents", (invocations + tally.logLines) * sampling],
  ];
  return units.map(([what, price, count]) => {
    const unitsPerMillionEvents = (count / sent) * 1e6;
    const dollars = (unitsPerMillionEvents / 1e6) * PRICES[price].dollarsPerMillion;
    return { what, price, units: count, unitsPerMillionEvents, dollarsPerMillionEvents: dollars };
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
