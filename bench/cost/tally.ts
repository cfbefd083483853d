/** Tables of D1 as far as they are told apart on the bill. */
export type RowKind = "events" | "counts" | "series" | "errors";

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
  /** RPC calls of groups of sessions. */
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
    databaseRowsWritten: { events: 0, counts: 0, series: 0, errors: 0 },
    logLines: 0,
  };
}

/** What a scenario's run came to. */
export interface Run {
  tally: Tally;
  /** Events sent, and where they ended. */
  sent: number;
  stored: number;
  failed: number;
  /** Stored events that open a session's stretch of activity: each is one more index entry. */
  openings: number;
  /** Requests that were not answered 202. */
  refused: number;
}

/** What the same batches cost when they come again, and what batches of two sizes cost. */
export interface Probe {
  /** Rows of events that redelivered batches wrote. */
  redeliveredEventRows: number;
  /** All rows that redelivered batches wrote, in D1 and in groups of sessions. */
  redeliveredRows: number;
  /** Statements of a batch, by its number of messages. */
  statements: { messages: number; statements: number }[];
}
