import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { type Database, databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { type Lane, lateSuffix } from "../../../src/storage/partitions/partition";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import type { EventRow } from "../../../src/storage/write/rows";
import { eventStatements } from "../../../src/storage/write/write-events";
import { emptyDatabases } from "../empty-databases";
import { eventRow, MINUTE, MORNING, partitionsOf } from "../seed";

const home: Database = firstDatabase(databasesOf(env));

let lane: Lane;

const write = async (rows: EventRow[], to = lane) => {
  await home.binding.batch(eventStatements(home.binding, to, rows));
};

const count = async (table: string): Promise<number> =>
  (await home.binding.prepare(`SELECT count(*) AS n FROM ${table}`).first<number>("n")) ?? 0;

beforeEach(async () => {
  await emptyDatabases([home]);
  const partition = (await partitionsOf([home]).covering([MORNING])).find(MORNING);
  if (partition === null) throw new Error("no partition covers the morning");
  lane = { partition, suffix: `${partition.id}` };
});

describe("new events", () => {
  it("are a row each; a session adds one for each quarter of an hour, a visitor one for each session", async () => {
    const at = (minute: number) => MORNING + minute * MINUTE;
    await write([
      ...[0, 1, 14].map((minute) => eventRow({ occurredAt: at(minute), visitor: "v" })),
      eventRow({ occurredAt: at(15) }),
      eventRow({ session: "another", occurredAt: at(0), visitor: "v" }),
    ]);
    const { suffix } = lane;
    expect(await count(`events_${suffix}`)).toBe(5);
    expect(await count(`activity_${suffix}`)).toBe(3);
    expect(await count(`visits_${suffix}`)).toBe(2);
    expect(await count(`minutes_${suffix}`)).toBe(4);
  });

  it("are written as a whole or not at all: one that is already stored fails the transaction", async () => {
    const stored = eventRow();
    await write([stored]);
    await expect(write([eventRow(), stored])).rejects.toThrow("UNIQUE constraint failed");
    expect(await count(`events_${lane.suffix}`)).toBe(1);
  });

  it("need several statements if they are too long for one", async () => {
    const data = JSON.stringify({ text: "x".repeat(30_000) });
    const rows = Array.from({ length: 100 }, (_, n) => eventRow({ occurredAt: MORNING + n, data }));
    const few = eventStatements(home.binding, lane, rows.slice(0, 1)).length;
    expect(eventStatements(home.binding, lane, rows).length).toBeGreaterThan(few);
    await write(rows);
    expect(await count(`events_${lane.suffix}`)).toBe(100);
  });

  it("of a late lane are not counted: copies are known only when it is flushed", async () => {
    await sealPartition([home], lane.partition);
    await write([eventRow()], { ...lane, suffix: lateSuffix(lane.partition) });
    expect(await count(`events_${lateSuffix(lane.partition)}`)).toBe(1);
    expect(await count(`minutes_${lateSuffix(lane.partition)}`)).toBe(0);
    expect(await count("counts")).toBe(0);
  });
});
