import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { MAX_CONTENT_WITH_ROW, MAX_CONTENT_WITH_ROWS } from "../../../src/storage/core/read-limits";
import { contentWithRow, scanChains, scanEvents, scanMatching } from "../../../src/storage/events/scan-statements";
import { timeTerm } from "../../../src/storage/scan/scan-terms";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../seed";
import { chainsOver, idsOf, rangeOf } from "./scan-of";

const home = firstDatabase(databasesOf(env));

beforeEach(() => emptyDatabases([home]));

const chains = async () => scanChains(await chainsOver([home]), (lane) => timeTerm(lane, rangeOf("asc")));

const eventsOf = (count: number) =>
  Array.from({ length: count }, (_, n) =>
    eventRow({ id: `e${n}`, name: n % 10 === 9 ? "tenth" : "other", occurredAt: MORNING + n * MINUTE }),
  );

describe("a scan of events", () => {
  it("reads one more event, which shows that there are more", async () => {
    await store([home], { events: eventsOf(4) }, HOUR);
    const [cut] = await scanEvents(await chains(), 3);
    expect(idsOf(cut?.rows ?? [])).toEqual(["e0", "e1", "e2", "e3"]);
    expect(cut?.until).toEqual(cut?.rows[3]?.key);
    const [whole] = await scanEvents(await chains(), 4);
    expect([whole?.rows.length, whole?.until]).toEqual([4, null]);
  });

  it("reads short contents with an event, and leaves out long ones", async () => {
    const long = JSON.stringify({ text: "x".repeat(100) });
    await store([home], {
      events: [
        eventRow({ id: "short", data: '{"a":1}', context: "{}", visitor: "v" }),
        eventRow({ id: "long", data: long, occurredAt: MORNING + 1 }),
      ],
    });
    const [{ rows } = { rows: [] }] = await scanEvents(await chains(), 9, undefined, 50);
    expect(rows).toMatchObject([
      { data: '{"a":1}', context: "{}", extra: null, size: 9, visitor: "tv", type: null },
      { data: null, context: null, extra: null, size: long.length },
    ]);
  });
});

describe("a scan with a condition", () => {
  const tenth = () => sql`e.series_id IN (SELECT series_id FROM series WHERE name = 'tenth')`;

  it("examines a limited number of events of a lane, and returns how far it got", async () => {
    await store([home], { events: eventsOf(50) }, 24 * HOUR);
    const [found] = await scanMatching(await chains(), { limit: 9, budget: 25, matches: tenth });
    expect(idsOf(found?.rows ?? [])).toEqual(["e9", "e19"]);
    expect(found?.until?.occurredAt).toBe(MORNING + 24 * MINUTE);
  });

  it("ends at the end of the lane if the budget is sufficient", async () => {
    await store([home], { events: eventsOf(50) }, 24 * HOUR);
    const [found] = await scanMatching(await chains(), { limit: 9, budget: 51, matches: tenth });
    expect([found?.rows.length, found?.until]).toEqual([5, null]);
  });
});

it("the contents read with the rows of a page have a common limit", () => {
  expect(contentWithRow(0)).toBe(MAX_CONTENT_WITH_ROW);
  expect(contentWithRow(100)).toBe(MAX_CONTENT_WITH_ROW);
  expect(contentWithRow(100_000) * 100_000).toBeLessThanOrEqual(MAX_CONTENT_WITH_ROWS);
});
