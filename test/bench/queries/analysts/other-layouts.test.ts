import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { FROM, type OtherLayout } from "../../../../bench/queries/analysts/other-layouts/other-layout.ts";
import { POSTHOG } from "../../../../bench/queries/analysts/other-layouts/posthog.ts";
import { UMAMI } from "../../../../bench/queries/analysts/other-layouts/umami.ts";

const SECOND = 1_000_000;
const DAY = 86_400 * SECOND;
const RANGE = { from: 0, to: DAY - 1 };

/** Session, seconds, category, name, payload. */
const EVENTS: [number, number, string, string, object][] = [
  [1, 10, "page interaction", "pageview", { path: "/" }],
  [1, 20, "page interaction", "cta click", { path: "/", element: "header" }],
  [1, 30, "form interaction", "submit", { path: "/", form: { first_name: "Ada" } }],
  [1, 40, "page interaction", "pageview", { path: "/a" }],
  [2, 10, "page interaction", "pageview", { path: "/" }],
  [2, 20, "page interaction", "pageview", { path: "/a" }],
  [2, 30, "page interaction", "cta click", { path: "/a", element: "compare" }],
  // More than half an hour after the first step.
  [2, 3_000, "form interaction", "submit", { path: "/a" }],
  // In the wrong order.
  [3, 10, "page interaction", "cta click", { path: "/", element: "header" }],
  [3, 20, "page interaction", "pageview", { path: "/" }],
  [4, 50, "page interaction", "pageview", { path: "/b" }],
];

function filled(layout: OtherLayout): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  for (const sql of layout.tables) database.exec(sql);
  const rows = EVENTS.map(([session, seconds, category, name, data], place) => {
    const id = (number: number) => `x'${number.toString(16).padStart(16, "0").padEnd(32, "0")}'`;
    const at = seconds * SECOND;
    const payload = JSON.stringify({ host: "example.org", ...data });
    return `SELECT ${id(place + 100)} AS id, ${id(session)} AS session_id, ${at} AS occurred_at, ${at + 5} AS received_at,
      'shop' AS application, '${category}' AS category, '${name}' AS name, '${payload}' AS data`;
  });
  for (const sql of layout.inserts) database.exec(sql.replace(FROM, `FROM (${rows.join(" UNION ALL ")}) AS e`));
  for (const sql of layout.afterwards) database.exec(sql);
  return database;
}

describe.each([UMAMI, POSTHOG])("the layout of $name", (layout) => {
  const database = filled(layout);
  const queries = layout.queries({ day: RANGE, month: RANGE });
  const ask = (sql: string) =>
    database
      .prepare(sql)
      .all()
      .map((row) => Object.values(row));

  it("counts the values of a property", () => {
    expect(ask(queries["paths of a day"])).toEqual(
      expect.arrayContaining([
        ["/", 3],
        ["/a", 2],
        ["/b", 1],
      ]),
    );
    expect(ask(queries["elements of a day"])).toEqual([
      ["header", 2],
      ["compare", 1],
    ]);
  });

  it("counts sessions and bounces", () => {
    expect(ask(queries.sessions)[0]?.slice(0, 2)).toEqual([4, 1]);
  });

  it("counts the sessions that reach each step of a funnel in time", () => {
    expect(ask(queries.funnel)).toEqual([
      [1, 3],
      [2, 2],
      [3, 1],
    ]);
  });

  it("has the pages that follow a page", () => {
    const text = JSON.stringify(ask(queries.paths));
    expect(text).toMatch(layout === UMAMI ? /\["\/","\/a",null,null,2\]/ : /\[0,"\/","\/a",2\]/);
  });
});

it("keeps a row for each member of a payload, as Umami does", () => {
  const rows = filled(UMAMI).prepare("SELECT data_key, string_value FROM event_data ORDER BY 1, 2").all();
  expect(rows.map((row) => Object.values(row))).toEqual([
    ["element", "compare"],
    ["element", "header"],
    ["element", "header"],
    ["form.first_name", "Ada"],
  ]);
});
