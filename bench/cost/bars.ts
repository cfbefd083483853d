import { type BillLine, totalOf } from "./bill.ts";
import type { StoredLine } from "./compaction-bill.ts";
import { EVENTS_PER_MONTH, type Scenario, seriesOf } from "./scenarios.ts";
import type { Compaction, Probe, Run } from "./tally.ts";

/** A limit on a count, enforced in CI. */
export interface Bar {
  what: string;
  found: number;
  most: number;
}

export function holds({ found, most }: Bar): boolean {
  return found <= most;
}

/** The limits of a scenario, with the counts of its run. */
export function barsOf(scenario: Scenario, { tally, ...run }: Run, probe: Probe, lines: readonly BillLine[]): Bar[] {
  const { errors, series } = tally.databaseRowsWritten;
  const rows = lines.reduce((sum, { price, units }) => sum + (price === "databaseRowsWritten" ? units : 0), 0);
  const counted = probe.statements.map(({ statements }) => statements);
  return [
    { what: "requests refused", found: run.refused, most: 0 },
    { what: "events neither stored nor among the errors", found: run.sent - run.stored - run.failed, most: 0 },
    {
      // Independent of the number of series: a batch writes a row of counts for each width and minute, by timestamp and by receipt.
      what: "D1 rows per stored event, everything included",
      found: (rows - errors) / run.stored,
      most: scenario.mostRows,
    },
    { what: "D1 rows per series, once", found: series / seriesOf(scenario), most: 5 },
    ...(run.failed === 0 ? [] : [{ what: "D1 rows per failed event", found: errors / run.failed, most: 16 }]),
    { what: "rows in objects of sessions", found: tally.objectRows, most: 0 },
    // One call for each session and batch.
    { what: "calls of objects per event", found: tally.objectCalls / run.sent, most: 1 },
    { what: "queue messages per request", found: tally.messages / tally.requests, most: 1 },
    {
      // The keys of two applications are each looked up once in 30 seconds. The slower the requests, the larger the share of
      // them that look up a key.
      what: "KV reads per request",
      found: tally.kvReads / tally.requests,
      most: scenario.eventsPerRequest === 1 ? 0.01 : 0.2,
    },
    {
      what: "difference in D1 statements between a batch of 10 and of 100 messages",
      found: Math.max(...counted) - Math.min(...counted),
      most: 0,
    },
    { what: "rows of any kind written by redelivered batches", found: probe.redeliveredRows, most: 0 },
    { what: "D1 rows to make a partition, once", found: probe.partition.written, most: 25 },
    { what: "D1 rows a minute for the upkeep of partitions", found: probe.upkeep.written, most: 1 },
    ...(scenario.mostDollars === null
      ? []
      : [{ what: "dollars for a million events at list price", found: totalOf(lines), most: scenario.mostDollars }]),
  ];
}

/** The most dollars that moving a million events to the archive may cost. */
const MOST_COMPACTION_DOLLARS = 0.05;

/** The limits of the compactor, and of a month that includes a year's storage. */
export function compactionBars(
  scenario: Scenario,
  { stored, failed }: Run,
  { archived, archivedErrors }: Compaction,
  {
    lines,
    compaction,
    storage,
  }: { lines: readonly BillLine[]; compaction: readonly BillLine[]; storage: readonly StoredLine[] },
): Bar[] {
  const month = monthDollars([...lines, ...compaction], storage);
  return [
    { what: "events that are not in the archive", found: Math.abs(stored - archived), most: 0 },
    { what: "errors that are not in the archive", found: Math.abs(failed - archivedErrors), most: 0 },
    ...(scenario.mostMonthDollars === null
      ? []
      : [
          { what: "dollars for moving a million events", found: totalOf(compaction), most: MOST_COMPACTION_DOLLARS },
          { what: "dollars a month at list price, storage included", found: month, most: scenario.mostMonthDollars },
        ]),
  ];
}

/** The cost of a month at list price, storage included. */
export function monthDollars(lines: readonly BillLine[], storage: readonly StoredLine[]): number {
  const stored = storage.reduce((sum, { dollars }) => sum + dollars, 0);
  return (totalOf(lines) * EVENTS_PER_MONTH) / 1e6 + stored;
}
