import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { withPartitions } from "../../../src/storage/partitions/known-partitions";
import { NO_PARTITIONS } from "../../../src/storage/partitions/partition-records";
import {
  adjacentSpans,
  bucketTotals,
  newestHoursOf,
  windowTotals,
} from "../../../src/storage/session-counts/window-totals";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, SECOND, store } from "../seed";

const databases = databasesOf(env);
const START = MORNING / SECOND;
const HOURS = 3_600;

beforeEach(() => emptyDatabases(databases));

/** Sessions in all databases. */
function events(count: number, occurredAt: number, application = "shop") {
  return Array.from({ length: count }, (_, n) => eventRow({ session: `s${n}`, occurredAt, application }));
}

it("adds up the events of each window, by application and of all", async () => {
  await store(databases, {
    events: [
      ...events(5, MORNING),
      ...events(2, MORNING + 15 * MINUTE - 1),
      ...events(3, MORNING + 15 * MINUTE, "blog"),
      ...events(1, MORNING + HOUR),
    ],
  });
  const totals = await withPartitions(databases, (map) => windowTotals(databases, map, [START, START + HOURS]));
  expect(totals).toEqual(
    new Map([
      [
        "",
        new Map([
          [START, 7],
          [START + 900, 3],
        ]),
      ],
      ["shop", new Map([[START, 7]])],
      ["blog", new Map([[START + 900, 3]])],
    ]),
  );
});

it("has all applications also if there are no events", async () => {
  expect(await withPartitions(databases, (map) => windowTotals(databases, map, [START, START + HOURS]))).toEqual(
    new Map([["", new Map()]]),
  );
});

it("adds up the events of the hours in some spans, over all databases", async () => {
  await store(databases, {
    events: [
      ...events(4, MORNING),
      ...events(3, MORNING + HOUR, "blog"),
      ...events(2, MORNING + HOUR),
      ...events(9, MORNING + 3 * HOUR),
    ],
  });
  const spans = [[START, START + HOURS] as const];
  const question = { seconds: HOURS, spans };
  expect(await bucketTotals(databases, NO_PARTITIONS, { ...question, application: "" })).toEqual(
    new Map([
      [START, 4],
      [START + HOURS, 5],
    ]),
  );
  expect(await bucketTotals(databases, NO_PARTITIONS, { ...question, application: "blog" })).toEqual(
    new Map([[START + HOURS, 3]]),
  );
  expect(await bucketTotals(databases, NO_PARTITIONS, { ...question, application: "none" })).toEqual(new Map());
});

it("finds the newest hours with events in any database, newest first", async () => {
  await store(databases, { events: [0, 1, 2, 5].flatMap((hour) => events(4, MORNING + hour * HOUR)) });
  const hour = (n: number) => START + n * HOURS;
  expect(await newestHoursOf(databases, hour(9), 3)).toEqual([hour(5), hour(2), hour(1)]);
  expect(await newestHoursOf(databases, hour(5), 9)).toEqual([hour(2), hour(1), hour(0)]);
  expect(await newestHoursOf(databases, hour(0), 3)).toEqual([]);
});

describe("adjacentSpans", () => {
  it.each([
    [[], []],
    [[900], [[900, 900]]],
    [[2_700, 900, 1_800, 900], [[900, 2_700]]],
    [
      [0, 900, 2_700],
      [
        [0, 900],
        [2_700, 2_700],
      ],
    ],
  ])("joins adjacent buckets: %j are %j", (buckets, spans) => {
    expect(adjacentSpans(buckets, 900)).toEqual(spans);
  });
});
