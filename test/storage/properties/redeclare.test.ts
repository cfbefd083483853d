import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import type { DeclaredProperty } from "../../../src/model/event/declared-property";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { declareProperties } from "../../../src/storage/properties/declared-properties";
import { redeclareProperties } from "../../../src/storage/properties/redeclare";
import { rollUpProperties } from "../../../src/storage/properties/roll-up";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../seed";

const databases = databasesOf(env);
const first = firstDatabase(databases);
const NOW = MORNING + 72 * HOUR;
const TYPE = { category: "page interaction", name: "pageview" };
const OTHER = { category: "page interaction", name: "cta click" };
const MAIL: DeclaredProperty = { path: "mail", kind: "text", template: null };
const PLAN: DeclaredProperty = { path: "plan", kind: "text", template: null };

/** Two types of events, of which the properties are counted. */
beforeEach(async () => {
  await emptyDatabases(databases);
  const events = [TYPE, OTHER].map((type) =>
    eventRow({ ...type, data: JSON.stringify({ mail: `mail of ${type.name}`, plan: `plan of ${type.name}` }) }),
  );
  await store(databases, { events });
  for (const type of [TYPE, OTHER]) await declareProperties(first, type, [MAIL, PLAN], NOW - 48 * HOUR);
  await rollUpProperties(databases, NOW);
});

/** The counted values of properties. */
async function counted(): Promise<string[]> {
  const rows = await Promise.all(
    databases.map(({ binding }) => binding.prepare("SELECT held FROM property_counts").all()),
  );
  const text = JSON.stringify(rows.map(({ results }) => results));
  return ["mail of pageview", "plan of pageview", "mail of cta click", "plan of cta click"].filter((value) =>
    text.includes(value),
  );
}

const redeclare = (properties: DeclaredProperty[]) => redeclareProperties(databases, TYPE, properties, NOW + MINUTE);

it("keeps the counts of properties that stay as they are", async () => {
  const declared = await redeclare([PLAN, MAIL]);
  expect(declared.map(({ path }) => path).toSorted()).toEqual(["mail", "plan"]);
  expect(await counted()).toHaveLength(4);
});

it("deletes the counts of a property that is no longer declared, for this type of events only", async () => {
  expect((await redeclare([PLAN])).map(({ path }) => path)).toEqual(["plan"]);
  expect(await counted()).toEqual(["plan of pageview", "mail of cta click", "plan of cta click"]);
});

it.each<DeclaredProperty>([
  { ...MAIL, kind: "number" },
  { ...MAIL, template: "/m/:id" },
])("deletes the counts of a property that changes to %j", async (changed) => {
  await redeclare([changed, PLAN]);
  expect(await counted()).toEqual(["plan of pageview", "mail of cta click", "plan of cta click"]);
});
