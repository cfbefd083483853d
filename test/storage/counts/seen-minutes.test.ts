import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { refineHours, type SeenHours } from "../../../src/storage/counts/seen-minutes";
import { dropPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, partitionsOf, store } from "../seed";

const home = firstDatabase(databasesOf(env));
const SECONDS = MORNING / 1_000_000;

beforeEach(() => emptyDatabases([home]));

/** Each dimension key of a name, with the hours in which it has events. */
async function seenOf(name: string): Promise<SeenHours[]> {
  const { results } = await home.binding
    .prepare(
      `SELECT series_id AS seriesId, min(hour) AS first, max(hour) AS last FROM series_hours JOIN series USING (series_id)
       WHERE name = ?1 GROUP BY series_id`,
    )
    .bind(name)
    .all<SeenHours>();
  return results;
}

const refine = async (names: string[]) =>
  refineHours({ database: home, map: await partitionsOf([home]).latest() }, await Promise.all(names.map(seenOf)));

describe("the first and the last time of a type", () => {
  it("are minutes, over several partitions and applications", async () => {
    const at = (minute: number, name: string, application = "shop") =>
      eventRow({ name, application, occurredAt: MORNING + minute * MINUTE + 5 });
    await store(
      [home],
      { events: [at(7, "a"), at(9, "a", "blog"), at(3, "b"), at(130, "a"), at(125, "a", "blog"), at(59, "b")] },
      HOUR,
    );
    expect(await refine(["a", "b", "nothing"])).toEqual([
      { first: SECONDS + 7 * 60, last: SECONDS + 130 * 60 },
      { first: SECONDS + 3 * 60, last: SECONDS + 59 * 60 },
      null,
    ]);
  });

  it("are hours if the partition with the minutes was dropped", async () => {
    const events = [7, 65].map((minute) => eventRow({ name: "a", occurredAt: MORNING + minute * MINUTE }));
    await store([home], { events }, HOUR);
    const partition = (await partitionsOf([home]).latest()).find(MORNING);
    if (partition === null) throw new Error("no partition covers the morning");
    await dropPartition([home], partition);
    expect(await refine(["a"])).toEqual([{ first: SECONDS, last: SECONDS + 65 * 60 }]);
  });
});
