import { env } from "cloudflare:workers";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { declareProperties, listProperties } from "../../../src/storage/properties/declared-properties";
import { seriesWithProperties } from "../../../src/storage/properties/declared-series";
import { emptyDatabases } from "../empty-databases";
import { eventRow, store } from "../seed";

export const databases = databasesOf(env);
/** All events are here: one session has one database. */
export const first = firstDatabase(databases);
export const one = [first];

export const TYPE = { category: "page interaction", name: "pageview" };

/** Stores events of two applications, whose type declares the property `path`, at the given times. */
export async function declareAndStore(times: readonly number[]): Promise<void> {
  await emptyDatabases(databases);
  const events = times.map((occurredAt, n) =>
    eventRow({ occurredAt, application: n % 2 === 0 ? "shop" : "blog", data: JSON.stringify({ path: `/${n % 3}` }) }),
  );
  await store(one, { events: [...events, eventRow({ occurredAt: times[0] ?? 0, name: "undeclared" })] });
  await declareProperties(first, TYPE, [{ path: "path", kind: "text", template: null }], 1);
}

export async function declaredSeries() {
  return seriesWithProperties(first, await listProperties(first));
}
