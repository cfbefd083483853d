import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { parseValueFilter } from "../../../src/model/event/property-value";
import { databasesOf } from "../../../src/storage/core/databases";
import { scanFiltered } from "../../../src/storage/events/filtered-scan";
import { withPartitions } from "../../../src/storage/partitions/known-partitions";
import {
  ANY_SESSION,
  conditionsOf,
  isAnySession,
  type SessionFilter,
  withProperties,
} from "../../../src/storage/sessions/session-filter";
import { emptyDatabases } from "../empty-databases";
import { eventRow, MINUTE, MORNING, store } from "../seed";

const databases = databasesOf(env);
const propertyOf = (name: string, ...values: string[]) => ({
  property: { name, path: name.split(".") },
  ...parseValueFilter(values),
});

it.each<[Partial<SessionFilter>, boolean]>([
  [{}, true],
  [{ name: "n" }, false],
  [{ applications: [] }, false],
  [{ visitor: "v" }, false],
  [{ properties: [propertyOf("path", "/")] }, false],
])("matches every session only without a filter: %o", (changes, isAny) => {
  expect(isAnySession({ ...ANY_SESSION, ...changes })).toBe(isAny);
});

describe("events", () => {
  beforeAll(async () => {
    await emptyDatabases(databases);
    const payloads = [
      { path: "/a" },
      { path: "/b", form: { step: 2 } },
      { long: "x".repeat(6_000), path: "/a" },
      {},
      { form: [2] },
    ];
    const events = payloads.map((data, n) =>
      eventRow({
        ...{ session: `s${n}`, occurredAt: MORNING + n * MINUTE, data: JSON.stringify(data) },
        ...{ name: n < 2 ? "view" : "click", visitor: n === 3 ? "vera" : null },
      }),
    );
    await store(databases, { events });
  });

  async function matching(changes: Partial<SessionFilter>): Promise<string[]> {
    const range = { order: "asc" as const, from: null, to: null, after: null };
    const filter = { ...ANY_SESSION, ...changes };
    const question = { session: null, category: null, name: null, applications: null, range, limit: 100 };
    const { rows } = await withPartitions(databases, (map) => scanFiltered(databases, map, question));
    const kept = await withProperties(rows, filter.properties);
    return kept.map(({ key }) => key.session.slice(1));
  }

  it("are kept if their properties pass all filters, also in long payloads", async () => {
    expect(await matching({ properties: [propertyOf("path", "/a")] })).toEqual(["s0", "s2"]);
    expect(await matching({ properties: [propertyOf("form.step", "2")] })).toEqual(["s1"]);
    expect(await matching({ properties: [propertyOf("path", "/*"), propertyOf("form.step", "3")] })).toEqual([]);
    expect(await matching({ properties: [] })).toHaveLength(5);
  });

  it("are selected by conditions in the databases that have such types", async () => {
    expect((await conditionsOf(databases, ANY_SESSION)).size).toBe(databases.length);
    expect((await conditionsOf(databases, { ...ANY_SESSION, name: "none" })).size).toBe(0);
    expect((await conditionsOf(databases, { ...ANY_SESSION, visitor: "vera" })).size).toBe(databases.length);
    const views = await conditionsOf(databases, { ...ANY_SESSION, name: "view" });
    expect(views.size).toBeGreaterThan(0);
    expect(views.size).toBeLessThanOrEqual(2);
  });
});
