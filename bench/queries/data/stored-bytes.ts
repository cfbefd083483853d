import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { EventRow } from "../../../src/storage/write/rows";
import { storageFolder } from "../../shared/local-platform.ts";
import { startQueryPlatform } from "../query-platform.ts";
import { SAMPLE_PARTITION, type StoredBytes, sampleAt, storedBytes } from "./sample-events.ts";

/** A consumer batch of 100 messages (see wrangler.toml) with one event each, which takes one second at 100 events a second. */
const EVENTS_PER_BATCH = 100;

/** Writes the brief's samples as the consumer would, and reads the size of the database from D1: all tables and indexes. */
export async function measureStoredBytes(
  events: number,
  script: string,
  progress: (done: number) => void,
): Promise<StoredBytes> {
  const storage = mkdtempSync(join(storageFolder(), "the-eye-bytes-"));
  try {
    const platform = await startQueryPlatform(storage, script);
    try {
      await platform.migrate();
      await platform.makePartitions("DB", [SAMPLE_PARTITION]);
      let bytes = 0;
      const atOnce = 50 * EVENTS_PER_BATCH;
      for (let from = 0; from < events; from += atOnce) {
        const batches: EventRow[][] = [];
        for (let first = from; first < Math.min(events, from + atOnce); first += EVENTS_PER_BATCH) {
          const length = Math.min(EVENTS_PER_BATCH, events - first);
          batches.push(Array.from({ length }, (_, n) => sampleAt(first + n)));
        }
        bytes = await platform.writeEvents("DB", batches);
        progress(Math.min(events, from + atOnce));
      }
      return storedBytes(events, bytes);
    } finally {
      await platform.stop();
    }
  } finally {
    rmSync(storage, { recursive: true, force: true });
  }
}
