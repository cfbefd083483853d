import { describe, expect, it } from "vitest";
import { MAX_EVENT_BYTES, MAX_NAME_CHARACTERS } from "../../../src/model/limits";
import { consume } from "../../../src/pipeline/consumer";
import { MAX_VALIDATION_WORK } from "../../../src/rules/schema-limits";
import type { Database } from "../../../src/storage/core/databases";
import { createPartitionStore } from "../../../src/storage/partitions/partition-store";
import { batchOf, databases, envelopeOf, eventOf, partitions, pipelineWith } from "../harness";
import { OCCURRED_AT } from "../sample-events";

/**
 * The counts for the most expensive event of a public key, as docs/cost.md states them. If a limit here is exceeded,
 * that page is wrong.
 */
const BOUNDS = {
  /** Rows written for an event with a new type, session, visitor and quarter, and minute, hour and day of both its times. */
  storedRows: 17,
  /** Rows written for an event that fails in its own group. */
  failedRows: 29,
};

/** The databases, with a counter of written rows. */
function metered() {
  let rows = 0;
  const count = (results: { meta: { rows_written: number } }[]) => {
    for (const { meta } of results) rows += meta.rows_written;
  };
  const own = databases.map(
    (database): Database => ({
      ...database,
      binding: new Proxy(database.binding, {
        get(target, member) {
          if (member !== "batch") {
            const value: unknown = Reflect.get(target, member);
            return typeof value === "function" ? value.bind(target) : value;
          }
          return async (statements: D1PreparedStatement[]) => {
            const results = await target.batch(statements);
            count(results);
            return results;
          };
        },
      }),
    }),
  );
  return { databases: own, partitions: createPartitionStore(own), rows: () => rows };
}

async function rowsFor(event: unknown): Promise<number> {
  await partitions.covering([OCCURRED_AT]);
  const meter = metered();
  await meter.partitions.covering([OCCURRED_AT]);
  const before = meter.rows();
  const { batch, acked } = batchOf([envelopeOf([["worst", event]])]);
  await consume(batch, pipelineWith({ databases: meter.databases, partitions: meter.partitions }));
  expect(acked).toEqual([0]);
  return meter.rows() - before;
}

describe("the worst event of a public key", () => {
  it("writes a bounded number of rows if it is stored", async () => {
    const changes = { category: "only", name: "once", visitor_id: "alone", context: { a: 1 }, extra: "x" };
    const rows = await rowsFor(eventOf("worst-stored", changes));
    expect(rows).toBeGreaterThan(5);
    expect(rows).toBeLessThanOrEqual(BOUNDS.storedRows);
  });

  it("writes a bounded number of rows if it fails", async () => {
    const long = "x".repeat(MAX_NAME_CHARACTERS);
    const event = { session_id: "null", category: long, name: long, data: 7, timestamp: "never", id: 7, context: 7 };
    const rows = await rowsFor(event);
    expect(rows).toBeLessThanOrEqual(BOUNDS.failedRows);
  });

  it("takes the bytes and the work that the documentation states", () => {
    expect([MAX_EVENT_BYTES, MAX_VALIDATION_WORK]).toEqual([32_768, 50_000]);
  });
});
