import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { sumUpReportOnly } from "../../../src/storage/counts/report-only-queries";
import { emptyDatabases } from "../empty-databases";
import { DAY, eventRow, MORNING, store } from "../seed";

const databases = databasesOf(env);
const START_OF_DAY = Math.floor(MORNING / DAY) * 86_400;

beforeEach(() => emptyDatabases(databases));

const marked = (session: string, paths: string[], { version = 1, day = 0 } = {}) =>
  eventRow({
    ...{ session, category: "c", name: "n", occurredAt: MORNING + day * DAY, receivedAt: MORNING + day * DAY },
    shadow: { version, paths },
  });

it("sumUpReportOnly adds the counts of all databases for a version by path, most frequent first", async () => {
  const sessions = Array.from({ length: 12 }, (_, n) => `session ${n}`);
  await store(databases, {
    events: [
      ...sessions.map((session) => marked(session, ["/data/a"])),
      marked("both", ["/data/a", "/data/b"], { day: 2 }),
      marked("other version", ["/data/c"], { version: 2 }),
    ],
  });
  const found = await sumUpReportOnly(databases, { category: "c", name: "n", version: 1 });
  expect(found.map(({ path, events, first, last }) => ({ path, events, first, last }))).toEqual([
    { path: "", events: 13, first: START_OF_DAY, last: START_OF_DAY + 2 * 86_400 },
    { path: "/data/a", events: 13, first: START_OF_DAY, last: START_OF_DAY + 2 * 86_400 },
    { path: "/data/b", events: 1, first: START_OF_DAY + 2 * 86_400, last: START_OF_DAY + 2 * 86_400 },
  ]);
  expect(found[2]?.sample.session).toBe("both");
});

it("sumUpReportOnly returns nothing for a type that no schema would have rejected", async () => {
  await store(databases, { events: [eventRow()] });
  expect(await sumUpReportOnly(databases, { category: "c", name: "n", version: 1 })).toEqual([]);
});
