/** Groups of D1 tables that the bill distinguishes. */
export type RowKind = "events" | "activity" | "visits" | "counts" | "series" | "errors" | "partitions" | "archive";

/** The counts of all billed operations of a run. */
export interface Tally {
  /** HTTP requests to the Worker. */
  requests: number;
  kvReads: number;
  kvWrites: number;
  /** Messages that the queue accepted. */
  messages: number;
  /** The same in units of 64 KB. Each is written, read and deleted once. */
  messageUnits: number;
  /** Batches delivered to the consumer. */
  consumerInvocations: number;
  /** RPC calls of session objects. */
  objectCalls: number;
  /** Rows that session objects wrote. */
  objectRows: number;
  /** Calls of a database: a single statement, or a batch of them. */
  databaseCalls: number;
  databaseStatements: number;
  databaseRowsRead: number;
  databaseRowsWritten: Record<RowKind, number>;
  /** Calls of the archive: puts, and gets. */
  bucketWrites: number;
  bucketReads: number;
  /** Lines that the Worker logged. */
  logLines: number;
}

export function emptyTally(): Tally {
  return {
    requests: 0,
    kvReads: 0,
    kvWrites: 0,
    messages: 0,
    messageUnits: 0,
    consumerInvocations: 0,
    objectCalls: 0,
    objectRows: 0,
    databaseCalls: 0,
    databaseStatements: 0,
    databaseRowsRead: 0,
    databaseRowsWritten: {
      ...{ events: 0, activity: 0, visits: 0, counts: 0, series: 0, errors: 0, partitions: 0, archive: 0 },
    },
    ...{ bucketWrites: 0, bucketReads: 0 },
    logLines: 0,
  };
}

export function rowsWritten({ databaseRowsWritten }: Tally): number {
  return Object.values(databaseRowsWritten).reduce((sum, rows) => sum + rows, 0);
}

/** The result of a scenario's run. */
export interface Run {
  tally: Tally;
  /** Events sent, stored and failed. */
  sent: number;
  stored: number;
  failed: number;
  /** Stored events of categories that are rare in their partition: each has one index entry more. */
  rare: number;
  /** Requests that were not answered with 202. */
  refused: number;
}

/** The operations that moved a run's events to the archive. */
export interface Compaction {
  /** From sealing the run's partition until it is dropped; and the same for an empty partition. */
  move: Tally;
  empty: Tally;
  /** One of the compactor's checks each minute, with nothing to do. */
  look: Tally;
  /** Moving the run's errors, when their hot window is over. */
  errors: Tally;
  /** Errors in the archive. */
  archivedErrors: number;
  /** Bytes for each event: in the database while it is hot, in the archive, and of the session index afterwards. */
  hotBytes: number;
  archivedBytes: number;
  indexBytes: number;
  /** Events in the archive. */
  archived: number;
}

/** Rows of D1. */
export interface Rows {
  written: number;
  read: number;
}

/** Values that do not depend on the traffic: measured once, beside a run. */
export interface Probe {
  /** Rows that redelivered batches wrote, in D1 and in session objects. */
  redeliveredRows: number;
  /** Statements of a batch, by its number of messages. */
  statements: { messages: number; statements: number }[];
  /** The cost of creating a partition: at most once a day here, and once in four weeks in a quiet service. */
  partition: Rows;
  /** The cost of the cron's upkeep of partitions, each minute. */
  upkeep: Rows;
}
