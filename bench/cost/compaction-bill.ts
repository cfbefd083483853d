import { PRICES, STORAGE_PRICES } from "../prices.ts";
import type { BillLine } from "./bill.ts";
import { EVENTS_PER_DAY } from "./scenarios.ts";
import { type Compaction, rowsWritten, type Tally } from "./tally.ts";

const MINUTES_PER_DAY = 1_440;

/** Days that events stay in D1, and in the archive. */
export const HOT_DAYS = 3;
const ARCHIVED_DAYS = 365;

/**
 * Bytes of an archived event of real traffic. The samples here repeat, so their files are smaller. Unrepeated lines of a real
 * access log took at most 51 bytes.
 */
const REAL_ARCHIVED_BYTES = 55;

/**
 * What the compactor adds to the bill. The cost of an empty partition and of the check each minute is spread over a day of
 * traffic. All other costs grow with the events.
 *
 * @param sampling share of invocations whose logs are kept, from wrangler.toml.
 */
export function compactionBill({ move, empty, look, errors, archived }: Compaction, sampling: number): BillLine[] {
  const share = archived / EVENTS_PER_DAY;
  const units = (count: (tally: Tally) => number) =>
    Math.max(0, count(move) - count(empty)) + share * (count(empty) + MINUTES_PER_DAY * count(look));
  // The looks that find errors are among those of each minute.
  const unitsOfErrors = (count: (tally: Tally) => number) => Math.max(0, count(errors) - count(look));
  const logs = (tally: Tally) => (tally.consumerInvocations + tally.logLines) * sampling;
  const lines: [what: string, price: BillLine["price"], units: number][] = [
    ["compactor: rows written", "databaseRowsWritten", units(rowsWritten)],
    ["compactor: rows read", "databaseRowsRead", units((tally) => tally.databaseRowsRead)],
    ["compactor: objects stored", "bucketWrites", units((tally) => tally.bucketWrites)],
    ["compactor: objects read", "bucketReads", units((tally) => tally.bucketReads)],
    ["compactor: marks for a restore, read", "kvReads", units((tally) => tally.kvReads)],
    ["compactor: marks for a restore, written", "kvWrites", units((tally) => tally.kvWrites)],
    ["compactor: messages", "queueOperations", 3 * units((tally) => tally.messageUnits)],
    ["compactor: invocations", "requests", units((tally) => tally.consumerInvocations)],
    ["compactor: logs, sampled", "logEvents", units(logs)],
    ["compactor, errors: rows written", "databaseRowsWritten", unitsOfErrors(rowsWritten)],
    ["compactor, errors: rows read", "databaseRowsRead", unitsOfErrors((tally) => tally.databaseRowsRead)],
    ["compactor, errors: objects stored", "bucketWrites", unitsOfErrors((tally) => tally.bucketWrites)],
    ["compactor, errors: objects read", "bucketReads", unitsOfErrors((tally) => tally.bucketReads)],
  ];
  return lines.map(([what, price, count]) => {
    const unitsPerMillionEvents = (count / archived) * 1e6;
    const dollars = (unitsPerMillionEvents / 1e6) * PRICES[price].dollarsPerMillion;
    return { what, price, units: count, unitsPerMillionEvents, dollarsPerMillionEvents: dollars };
  });
}

export interface StoredLine {
  what: string;
  gigabytes: number;
  /** Per month. */
  dollars: number;
}

/** What is stored after a year at 100 events a second, with HOT_DAYS of it in D1. */
export function storageBill({ hotBytes, archivedBytes, indexBytes }: Compaction): StoredLine[] {
  const lines: [what: string, store: keyof typeof STORAGE_PRICES, days: number, bytes: number][] = [
    [`D1: ${HOT_DAYS} days of events`, "database", HOT_DAYS, hotBytes],
    ["D1: the session index of a year", "database", ARCHIVED_DAYS, indexBytes],
    ["R2: a year of events", "bucket", ARCHIVED_DAYS, Math.max(archivedBytes, REAL_ARCHIVED_BYTES)],
  ];
  return lines.map(([what, store, days, bytes]) => {
    const gigabytes = (days * EVENTS_PER_DAY * bytes) / 1e9;
    return { what, gigabytes, dollars: gigabytes * STORAGE_PRICES[store].dollarsPerGb };
  });
}
