import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { sumUpReportOnly } from "../../../src/storage/counts/report-only-queries";
import { eventRow, MINUTE, MORNING, store } from "../seed";

const databases = databasesOf(env);
const type = { category: "page interaction", name: "pageview", version: 2 };
const day = Math.floor(MORNING / 86_400_000_000) * 86_400;

it("what a report-only schema would reject is counted once for each event and path, however often it is written", async () => {
  const shadow = { version: 2, paths: ["/data/a", "/data/b"] };
  const session = "report-only-1";
  const events = [
    eventRow({ session, id: "first", shadow }),
    eventRow({ session, occurredAt: MORNING + MINUTE, shadow: { version: 2, paths: ["/data/a"] } }),
    eventRow({ session, shadow: { version: 1, paths: ["/data/a"] } }),
    eventRow({ session }),
  ];
  await store(databases, { events: events.slice(0, 1) });
  for (let times = 0; times < 2; times++) await store(databases, { events: [...events, ...events] });
  const seen = { first: day, last: day };
  const sample = { session, event: "first" };
  expect(await sumUpReportOnly(databases, type)).toEqual([
    { path: "", events: 2, ...seen, sample },
    { path: "/data/a", events: 2, ...seen, sample },
    { path: "/data/b", events: 1, ...seen, sample },
  ]);
  expect(await sumUpReportOnly(databases, { ...type, version: 1 })).toMatchObject([
    { path: "", events: 1 },
    { events: 1 },
  ]);
  expect(await sumUpReportOnly(databases, { ...type, name: "other" })).toEqual([]);
});

it("the counts of all databases are summed", async () => {
  const shadow = { version: 7, paths: ["/data"] };
  const events = Array.from({ length: 12 }, (_, n) => eventRow({ session: `sum-${n}`, shadow }));
  await store(databases, { events });
  expect(await sumUpReportOnly(databases, { ...type, version: 7 })).toMatchObject([
    { events: 12 },
    { path: "/data", events: 12 },
  ]);
});

it("an event that passes its schemas writes no row for it", async () => {
  const before = await env.DB.prepare("SELECT count(*) AS n FROM report_only_failures").first("n");
  await store(databases, { events: [eventRow({ session: "plain" })] });
  expect(await env.DB.prepare("SELECT count(*) AS n FROM report_only_failures").first("n")).toBe(before);
});
