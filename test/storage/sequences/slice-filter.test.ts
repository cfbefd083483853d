import { env } from "cloudflare:workers";
import { SQLiteAsyncDialect } from "drizzle-orm/sqlite-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesFilter, parseValueFilter, valueText } from "../../../src/model/event/property-value";
import { isWanted, type WantedEvents } from "../../../src/storage/sequences/slice-filter";

/** Events as a statement sees them: a dimension key and a payload. */
interface Candidate {
  series: number;
  data: string;
}

const dialect = new SQLiteAsyncDialect();

/** The places of the candidates that pass in D1. */
async function passing(candidates: readonly Candidate[], wanted: readonly WantedEvents[]): Promise<number[]> {
  const { sql, params } = dialect.sqlToQuery(isWanted(wanted));
  const { results } = await env.DB.prepare(
    `WITH e AS (SELECT key AS place, value ->> 'series' AS series_id, value ->> 'data' AS data FROM json_each(?))
     SELECT place FROM e WHERE ${sql} ORDER BY place`,
  )
    .bind(JSON.stringify(candidates), ...params)
    .all<{ place: number }>();
  return results.map(({ place }) => place);
}

const LONG = "l".repeat(499);
const VALUES = [
  ...[
    '"/"',
    '"\\u002f"',
    '"\\/"',
    '"/a"',
    '"/a/b"',
    '""',
    '"5"',
    "5",
    "5.0",
    "50e-1",
    "1e3",
    "-0",
    "true",
    "false",
    '"true"',
  ],
  ...["null", "[]", '{"a":1}', '"é"', '"\\u00e9"', '"😀x"', '"\\ud83d"', '"a\\"b"', '"*"', `"${LONG}xy"`, `"${LONG}x"`],
];
const PAYLOADS = ["{}", ...VALUES.map((value) => `{"path":${value},"other":"/"}`), '{"other":"a\\\\b","path":"/z"}'];
const FILTERS = [
  ...[
    "/",
    "/a*",
    "*",
    "5",
    "1000",
    "5*",
    "-0",
    "0",
    "true",
    "t*",
    "",
    "é",
    "😀*",
    "\ud83d",
    'a"b',
    "\\*",
    "not:/",
    "[object Object]",
  ],
  ...[`${LONG}x`, `${LONG}x*`, LONG, `${LONG}*`],
];

describe("the condition on wanted events", () => {
  it("lets all events pass that match, however their values are written", { timeout: 60_000 }, async () => {
    const property = fc.asyncProperty(
      fc.uniqueArray(fc.constantFrom(...FILTERS), { minLength: 1, maxLength: 3 }),
      fc.uniqueArray(fc.constantFrom(...FILTERS), { maxLength: 2 }),
      async (values, others) => {
        const candidates = PAYLOADS.flatMap((data) => [1, 2, 3].map((series) => ({ series, data })));
        const pattern = (given: string[]) => [{ path: ["path"], filter: parseValueFilter(given) }];
        const wanted = [
          { series: [1], data: pattern(values) },
          { series: [2], data: others.length === 0 ? [] : pattern(others) },
        ];
        const matching = candidates.flatMap(({ series, data }, place) => {
          const own = wanted.find((one) => one.series.includes(series));
          const text = valueText(JSON.parse(data).path);
          return own?.data.every(({ filter }) => matchesFilter(filter, text)) === true ? [place] : [];
        });
        const passed = await passing(candidates, wanted);
        expect(passed).toEqual(expect.arrayContaining(matching));
        expect(passed.map((place) => candidates[place]?.series)).not.toContain(3);
      },
    );
    await fc.assert(property, { numRuns: 150, seed: 1 });
  });

  it.each([
    [["/"], ['{"path":"/"}', '{"path":"\\u002f"}']],
    [["/a*"], ['{"path":"/a"}', '{"path":"/a/b"}']],
    [["5"], ['{"path":"5"}', '{"path":5.0}', '{"path":7}']],
    [
      ["/", "b*"],
      ['{"path":"/"}', '{"path":"b"}'],
    ],
  ])("leaves out events with other values: %j", async (values, expected) => {
    const payloads = [...expected, '{"path":"/other"}', '{"path":"x"}', "{}", '{"x":"/"}'];
    const wanted = [{ series: null, data: [{ path: ["path"], filter: parseValueFilter(values) }] }];
    const places = await passing(
      payloads.map((data) => ({ series: 1, data })),
      wanted,
    );
    expect(places.map((place) => payloads[place])).toEqual(expected);
  });
});
