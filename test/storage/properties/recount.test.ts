import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { eraseSessionEvents } from "../../../src/storage/erasures/erase-session";
import { declareProperties } from "../../../src/storage/properties/declared-properties";
import { ALL_APPLICATIONS } from "../../../src/storage/properties/property-store";
import { rollUpProperties } from "../../../src/storage/properties/roll-up";
import { emptyDatabases } from "../empty-databases";
import { DAY, eventRow, MINUTE, MORNING, store } from "../seed";

const databases = databasesOf(env);
const first = firstDatabase(databases);
const NOW = MORNING + 3 * DAY;
const TYPE = { category: "page interaction", name: "pageview" };
const MAIL = { path: "mail", kind: "text", template: null } as const;

beforeEach(async () => {
  await emptyDatabases(databases);
  const events = Array.from({ length: 20 }, (_, n) =>
    eventRow({
      session: `session-${n % 4}`,
      application: n % 4 < 2 ? "shop" : "blog",
      occurredAt: MORNING + n * 10 * MINUTE,
      data: JSON.stringify({ mail: `${n % 4}@example.org` }),
    }),
  );
  await store(databases, { events });
  await declareProperties(first, TYPE, [MAIL], NOW - 2 * DAY);
  await rollUpProperties(databases, NOW);
});

/** The hours of all applications that answers may use. */
async function hoursOfAll(): Promise<number> {
  const rows = databases.map(({ binding }) =>
    binding
      .prepare("SELECT count(*) AS n FROM property_counts WHERE series_id = ?1 AND seconds = 3600 AND counted > 0")
      .bind(ALL_APPLICATIONS)
      .first<number>("n"),
  );
  return (await Promise.all(rows)).reduce((sum: number, n) => sum + (n ?? 0), 0);
}

async function counted(): Promise<string> {
  const rows = await Promise.all(
    databases.map(({ binding }) => binding.prepare("SELECT seconds, held FROM property_counts").all()),
  );
  return JSON.stringify(rows.map(({ results }) => results));
}

it("counts the values of an hour again after an erasure, without those of the erased events", async () => {
  expect(await counted()).toContain("1@example.org");
  const before = await hoursOfAll();
  expect(before).toBeGreaterThan(0);
  await eraseSessionEvents(databases, { session: "session-1", before: NOW }, { left: 40 });
  expect(await hoursOfAll()).toBeLessThan(before);
  await rollUpProperties(databases, NOW + MINUTE);
  const left = await counted();
  expect(left).not.toContain("1@example.org");
  for (const other of ["0@", "2@", "3@"]) expect(left).toContain(`${other}example.org`);
  // Counted once: nothing is left to do.
  expect((await rollUpProperties(databases, NOW + 2 * MINUTE)).hours).toBe(0);
});
