import { type Scenario, seriesOf } from "./scenarios.ts";
import type { Probe, Run } from "./tally.ts";

/** A promise about counts, held in CI. */
export interface Bar {
  what: string;
  found: number;
  most: number;
}

export function holds({ found, most }: Bar): boolean {
  return found <= most;
}

/** The bars of a scenario, from what its run came to. */
export function barsOf(scenario: Scenario, { tally, openings, ...run }: Run, probe: Probe): Bar[] {
  const { events, counts, series } = tally.databaseRowsWritten;
  const counted = probe.statements.map(({ statements }) => statements);
  return [
    { what: "requests refused", found: run.refused, most: 0 },
    { what: "events neither stored nor among the errors", found: run.sent - run.stored - run.failed, most: 0 },
    { what: "D1 rows per stored event, for events themselves", found: (events - openings) / run.stored, most: 3 },
    // Whatever the number of series: a batch writes a row of counts for each width and minute.
    {
      what: "D1 rows per stored event, for sessions and counts",
      found: (openings + counts) / run.stored,
      most: 0.2,
    },
    { what: "D1 rows per series, once", found: series / seriesOf(scenario), most: 5 },
    { what: "queue messages per request", found: tally.messages / tally.requests, most: 1 },
    {
      // Two applications' keys, each looked up once in 30 seconds: the slower the requests, the more of them look up.
      what: "KV reads per request",
      found: tally.kvReads / tally.requests,
      most: scenario.eventsPerRequest === 1 ? 0.01 : 0.2,
    },
    {
      what: "difference in D1 statements between a batch of 10 and of 100 messages",
      found: Math.max(...counted) - Math.min(...counted),
      most: 0,
    },
    { what: "rows of events written by redelivered batches", found: probe.redeliveredEventRows, most: 0 },
    { what: "rows of any kind written by redelivered batches", found: probe.redeliveredRows, most: 0 },
    { what: "rows per call of a group of sessions", found: tally.objectRows / tally.objectCalls, most: 1.1 },
  ];
}
