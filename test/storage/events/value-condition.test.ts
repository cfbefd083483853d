import { env } from "cloudflare:workers";
import { type SQL, sql } from "drizzle-orm";
import { expect, it } from "vitest";
import { matchesFilter, parseValueFilter, valueText } from "../../../src/model/event/property-value";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { readBatch } from "../../../src/storage/core/reader";
import { valuePasses } from "../../../src/storage/events/value-condition";

const first = firstDatabase(databasesOf(env));

/** JSON texts of values; undefined if the event has none. */
const VALUES = [
  ...['"a"', '"ab"', '""', '"17"', '"1e3"', '"true"', '"ä€"', `"${"x".repeat(600)}"`],
  ...["17", "17.0", "1.5", "1e3", "-0.5", "1e21", "0", "true", "false", "null", "[1]", '{"a":1}', undefined],
];
const FILTERS = [
  ...[["a"], ["a*"], ["*"], ["17"], ["1*"], ["1000"], ["1e3"], ["1.5", "true"], ["ä*"], ["-0.5"], ["1e+21"]],
  ...[["!a"], ["!a*", "!17"], ["a*", "!ab"], ["!true"], [`${"x".repeat(500)}`], [""]],
];

it("decides in SQL as the filter decides from the value's text", async () => {
  const rows = VALUES.map((text) => (text === undefined ? "{}" : `{"p":${text}}`));
  const statements = FILTERS.map((filter): SQL => {
    const condition = valuePasses(["p"], parseValueFilter(filter));
    return sql`SELECT e.key AS n FROM (SELECT key, value AS data FROM json_each(${JSON.stringify(rows)})) AS e WHERE ${condition}`;
  });
  const found = await readBatch<{ n: number }>(first, statements);
  for (const [place, filter] of FILTERS.entries()) {
    const expected = VALUES.flatMap((text, n) => {
      const value: unknown = text === undefined ? undefined : JSON.parse(text);
      return matchesFilter(parseValueFilter(filter), valueText(value)) ? [n] : [];
    });
    expect(
      found[place]?.map(({ n }) => n),
      filter.join(" "),
    ).toEqual(expected);
  }
});
