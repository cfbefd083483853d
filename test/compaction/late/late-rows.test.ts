import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { removalOfLateRows } from "../../../src/compaction/late/late-rows";
import { readTableRows } from "../../../src/compaction/read-rows";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { nextPlaces } from "../../../src/storage/erasures/scrub/erased-places";
import { lateSuffix } from "../../../src/storage/partitions/partition";
import { emptyDatabases } from "../../storage/empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, partitionsOf, store, storeWithLateLane } from "../../storage/seed";

const databases = databasesOf(env);
const only = [firstDatabase(databases)];
const database = firstDatabase(databases);

beforeEach(() => emptyDatabases(databases));

it("removes rows of a late lane, its windows and visits with the last, and records the lane for the next erasure", async () => {
  const at = (session: string, minute: number) =>
    eventRow({ session, occurredAt: MORNING + minute * MINUTE, visitor: "vera" });
  await storeWithLateLane(only, { events: [at("a", 0)], late: at("b", 1) }, HOUR);
  await store(only, { events: [at("c", 2)] }, HOUR);
  const partition = (await partitionsOf(only, HOUR).latest()).find(MORNING);
  if (partition === null) throw new Error("no partition covers the morning");
  const suffix = lateSuffix(partition);
  const left = async () => {
    const counts = ["events", "activity", "visits"].map(
      (table) => `(SELECT count(*) FROM ${table}_${suffix}) AS ${table}`,
    );
    return database.binding.prepare(`SELECT ${counts.join(", ")}`).first();
  };
  const rows = await readTableRows(database, suffix, null);
  expect(await left()).toEqual({ events: 2, activity: 2, visits: 2 });
  for (const [n, { place }] of rows.entries()) {
    await database.binding.batch(await removalOfLateRows(database, partition, [place]));
    expect(await left()).toEqual(
      n === 0 ? { events: 1, activity: 2, visits: 2 } : { events: 0, activity: 0, visits: 0 },
    );
  }
  expect(await nextPlaces(database)).toEqual({ table: `events_${suffix}`, places: [[0, 0]] });
});
