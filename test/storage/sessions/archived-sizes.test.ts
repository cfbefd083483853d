import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { ReadBudget } from "../../../src/storage/archive/file/file-reader";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { readPartitionMap } from "../../../src/storage/partitions/known-partitions";
import { archivedSizes, type SizeRow, withoutPartitions } from "../../../src/storage/sessions/archived-sizes";
import { compactAll, emptyEverything } from "../../compaction/harness";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../seed";

const databases = databasesOf(env);
const archive = { bucket: env.ARCHIVE, databases };
const at = (minutes: number) => MORNING + minutes * MINUTE;
const ALWAYS = { order: "desc" as const, from: null, to: null, after: null };
const FOREVER = Number.MAX_SAFE_INTEGER;

const EVENTS = [
  eventRow({ session: "one", id: "a", occurredAt: at(1) }),
  eventRow({ session: "one", id: "b", occurredAt: at(10), application: "blog" }),
  eventRow({ session: "two", id: "c", occurredAt: at(20) }),
];
const LATE = eventRow({ session: "one", id: "late", occurredAt: at(30), receivedAt: at(600) });

beforeAll(async () => {
  await emptyEverything();
  await store(databases, { events: EVENTS }, HOUR);
  await compactAll();
  // The second is a copy of an archived event.
  await store(databases, { events: [LATE, { ...eventRow(), ...EVENTS[0] }] }, HOUR);
});

async function sizes(changes: { applications?: string[]; asOf?: number; from?: number; to?: number } = {}) {
  const { applications = null, asOf = FOREVER, from = null, to = null } = changes;
  const map = await readPartitionMap(firstDatabase(databases));
  const question = { range: { ...ALWAYS, from, to }, asOf, applications, partitions: map.partitions };
  const found = await archivedSizes(archive, map, question, ["one", "two", "unknown"], new ReadBudget(100));
  return found
    .map(({ session, ...size }: SizeRow) => ({ session: session.slice(1), ...size }))
    .sort((a, b) => (a.session < b.session ? -1 : 1));
}

it("counts archived and late events of each session, a copy once", async () => {
  expect(await sizes()).toEqual([
    { session: "one", events: 3, first: at(1), last: at(30) },
    { session: "two", events: 1, first: at(20), last: at(20) },
  ]);
});

it("counts only events of the given applications", async () => {
  expect(await sizes({ applications: ["blog"] })).toEqual([{ session: "one", events: 1, first: at(10), last: at(10) }]);
});

it("counts only events in the range, both ends included", async () => {
  expect(await sizes({ from: at(10), to: at(30) })).toMatchObject([
    { session: "one", events: 2, first: at(10), last: at(30) },
    { session: "two", events: 1 },
  ]);
});

it("leaves out events that were received after the scan began", async () => {
  expect(await sizes({ asOf: at(100) })).toMatchObject([
    { session: "one", events: 2, last: at(10) },
    { session: "two", events: 1 },
  ]);
});

it("takes partitions out of a map, and leaves its revision", async () => {
  const map = await readPartitionMap(firstDatabase(databases));
  const without = withoutPartitions(map, map.partitions.slice(0, 1));
  expect(without.partitions).toEqual(map.partitions.slice(1));
  expect(without.revision).toBe(map.revision);
});
