import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { ArchiveBucket } from "../../../src/storage/archive/archive-bucket";
import { findEvents } from "../../../src/storage/events/find-events";
import type { FoundEvent } from "../../../src/storage/events/named-events";
import { summariseWholeSession } from "../../../src/storage/events/whole-session";
import type { EventKey } from "../../../src/storage/scan/event-order";
import { compactAll, databases, emptyEverything } from "../../compaction/harness";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../seed";

/** Reads of R2 that a session may take: less than the 50 requests that the smallest plan allows an invocation. */
const MAX_READS = 40;

beforeEach(emptyEverything);

function counted(): { bucket: ArchiveBucket; reads: () => number } {
  let reads = 0;
  const bucket: ArchiveBucket = {
    ...{ put: env.ARCHIVE.put.bind(env.ARCHIVE), delete: (keys) => env.ARCHIVE.delete(keys) },
    list: (options) => env.ARCHIVE.list(options),
    get: ((...values: Parameters<R2Bucket["get"]>) => {
      reads += 1;
      return env.ARCHIVE.get(...values);
    }) as R2Bucket["get"],
  };
  return { bucket, reads: () => reads };
}

/** Sessions of others fill the hours, so that files have several row groups. */
async function archive(hours: number): Promise<void> {
  const others = Array.from({ length: hours * 60 }, (_, n) =>
    eventRow({ session: `other-${n % 40}`, id: `other-${n}`, occurredAt: MORNING + n * MINUTE }),
  );
  const own = Array.from({ length: hours * 3 }, (_, n) =>
    eventRow({ session: "own", id: `own-${n}`, occurredAt: MORNING + n * 20 * MINUTE + 1 }),
  );
  await store(databases, { events: [...others, ...own] });
  await compactAll();
}

async function readSession(bucket: ArchiveBucket, pageEnded: () => void): Promise<FoundEvent[]> {
  const events: FoundEvent[] = [];
  const filter = { session: "own", category: null, name: null, applications: null };
  for (let after: EventKey | null = null; ; ) {
    const range = { order: "asc" as const, from: null, to: null, after };
    const page = await findEvents(databases, { ...filter, range, limit: 1_000 }, bucket);
    events.push(...page.rows);
    pageEnded();
    if (page.next === null) return events;
    after = page.next;
  }
}

describe("a session in the archive", () => {
  it("of one hour is read, and summarised, in a few reads of R2", async () => {
    await archive(1);
    const { bucket, reads } = counted();
    expect(await readSession(bucket, () => {})).toHaveLength(3);
    const summary = await summariseWholeSession(databases, { session: "own", applications: null }, bucket);
    expect(summary?.events).toBe(3);
    expect(reads()).toBeGreaterThan(1);
    expect(reads()).toBeLessThanOrEqual(10);
  });

  it("of many hours is read in pages of 40 reads at most, each event once", { timeout: 120_000 }, async () => {
    const hours = 26;
    await archive(hours);
    const { bucket, reads } = counted();
    const pages: number[] = [];
    let before = 0;
    const events = await readSession(bucket, () => {
      pages.push(reads() - before);
      before = reads();
    });
    expect(events.map(({ id }) => id)).toEqual(Array.from({ length: hours * 3 }, (_, n) => `own-${n}`));
    expect(events.at(-1)?.occurredAt).toBeGreaterThan(MORNING + (hours - 1) * HOUR);
    expect(Math.max(...pages)).toBeLessThanOrEqual(MAX_READS);
    expect(pages.length).toBeGreaterThan(1);
  });
});
