import { env } from "cloudflare:workers";
import { DrizzleQueryError } from "drizzle-orm/errors";
import { beforeAll, describe, expect, it } from "vitest";
import { readColdKeys, readColdPage } from "../../../src/storage/archive/cold-events";
import { filesByTime } from "../../../src/storage/archive/cold-files";
import { ANY_ARCHIVED } from "../../../src/storage/archive/cold-scan";
import type { Archive } from "../../../src/storage/archive/find-archived";
import { databasesOf } from "../../../src/storage/core/databases";
import type { EventRange } from "../../../src/storage/scan/event-order";
import { emptyEverything } from "../../compaction/harness";
import { partitionOf } from "../partitions/sample-partition";
import { HOUR, MINUTE, MORNING } from "../seed";
import { archivedEvent, archiveEvents } from "./archived-files";

const archive: Archive = { bucket: env.ARCHIVE, databases: databasesOf(env) };
const partitions = [partitionOf({ state: "dropped" })];
const DOWN: EventRange = { order: "desc", from: null, to: null, after: null };
const ALWAYS = Number.MAX_SAFE_INTEGER;

/** Two hours with 25 files each, so that a list of files ends between them. */
const EVENTS = Array.from({ length: 50 }, (_, n) =>
  archivedEvent({
    id: `id-${n}`,
    occurredAt: MORNING + Math.floor(n / 25) * HOUR + (n % 25) * MINUTE,
    context: '{"c":1}',
  }),
);

beforeAll(async () => {
  await emptyEverything();
  for (const event of EVENTS) await archiveEvents([event]);
});

/** The times of all pages. */
async function allTimes(order: EventRange["order"]): Promise<number[]> {
  const times: number[] = [];
  let after: EventRange["after"] = null;
  for (let page = 0; page < 30; page++) {
    const range = { ...DOWN, order, after };
    const found = await readColdKeys(archive, { range, limit: 20, ...everyFile(range, ALWAYS) });
    times.push(...found.rows.map(({ key }) => key.occurredAt));
    if (found.until === null) return [...new Set(times)];
    after = found.until;
  }
  throw new Error("the scan does not end");
}

describe("the keys of archived events", () => {
  it.each(["asc", "desc"] as const)("come to an end over hours of many files: %s", async (order) => {
    const times = EVENTS.map(({ occurredAt }) => occurredAt);
    expect(await allTimes(order)).toEqual(order === "asc" ? times : times.toReversed());
  });

  it("are those of events received by a time", async () => {
    const receivedUntil = MORNING + 2 * MINUTE + 1_000;
    const range: EventRange = { ...DOWN, order: "asc" };
    const { rows } = await readColdKeys(archive, { range, limit: 20, ...everyFile(range, receivedUntil) });
    expect(rows).toHaveLength(3);
  });
});

function everyFile(range: EventRange, receivedUntil: number) {
  const filter = { ...ANY_ARCHIVED, receivedUntil };
  return { filter, files: () => filesByTime(archive, partitions, range) };
}

describe("a page of archived events", () => {
  const filter = { session: null, applications: null, category: null, name: null, receivedUntil: null };
  const question = { partitions, range: DOWN, limit: 2, filter, files: () => filesByTime(archive, partitions, DOWN) };

  it("has whole events in the order of the scan, and one more than the limit", async () => {
    const { rows, until } = await readColdPage(archive, question);
    expect(rows.map(({ archived }) => archived)).toEqual(EVENTS.slice(-3).toReversed());
    expect(rows.map(({ size }) => size)).toEqual([9, 9, 9]);
    expect(until).toEqual(rows[2]?.key);
  });

  it("throws a query error if the bucket cannot be read", async () => {
    const bucket = Object.assign(Object.create(env.ARCHIVE), {
      get: () => Promise.reject(new Error("R2 is down")),
    });
    await archiveEvents([archivedEvent({ occurredAt: MORNING + 2 * HOUR })]);
    await expect(readColdPage({ ...archive, bucket }, question)).rejects.toThrow(DrizzleQueryError);
  });
});
