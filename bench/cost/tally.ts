/** Tables of D1 as far as they are told apart on the bill. */
export type RowKind = "events" | "activity" | "visits" | "counts" | "series" | "errors" | "partitions";

/** Everything that a run did and that is billed, counted. */
export interface Tally {
  /** Requests over HTTP to the Worker. */
  requests: number;
  kvReads: number;
  /** Messages that the queue took. */
  messages: number;
  /** The same in units of 64 KB. Each is written, read and deleted once. */
  messageUnits: number;
  /** Batches handed to the consumer. */
  consumerInvocations: number;
  /** RPC calls of sessions' objects. */
  objectCalls: number;
  /** Rows that they wrote. */
  objectRows: number;
  /** Calls of a database: a single statement, or a batch of them. */
  databaseCalls: number;
  databaseStatements: number;
  databaseRowsRead: number;
  databaseRowsWritten: Record<RowKind, number>;
  /** Lines that the Worker logged. */
  logLines: number;
}

export function emptyTally(): Tally {
  return {
    requests: 0,
    kvReads: 0,
    messages: 0,
    messageUnits: 0,
    consumerInvocations: 0,
    objectCalls: 0,
    objectRows: 0,
    databaseCalls: 0,
    databaseStatements: 0,
    databaseRowsRead: 0,
    databaseRowsWritten: { events: 0, activity: 0, visits: 0, counts: 0, series: 0, errors: 0, partitions: 0 },
    logLines: 0,
  };
}

export function rowsWritten({ databaseRowsWritten }: Tally): number {
  return Object.values(databaseRowsWritten).reduce((sum, rows) => sum + rows, 0);
}

/** What a scenario's run came to. */
export interface Run {
  tally: Tally;
  /** Events sent, and where they ended. */
  sent: number;
  stored: number;
  failed: number;
  /** Stored events of categories that are rare in their partition: each is one more index entry. */
  rare: number;
  /** Requests that were not answered 202. */
  refused: number;
}

/** Rows of D1. */
export interface Rows {
  written: number;
  read: number;
}

/** What is the same whatever the traffic: measured once, beside a run. */
export interface Probe {
  /** Rows that redelivered batches wrote, in D1 and in sessions' objects. */
  redeliveredRows: number;
  /** Statements of a batch, by its number of messages. */
  statements: { messages: number; statements: number }[];
  /** What making a partition costs: once a day at most, and once in four weeks where it is quiet. */
  partition: Rows;
  /** What the cron does for partitions, each minute. */
  upkeep: Rows;
}
