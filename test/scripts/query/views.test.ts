import { expect, test } from "vitest";
import { emptyView, quoted, VIEW_COLUMNS, viewOverFiles } from "../../../scripts/query/views.ts";

test("a text stays one literal, whatever is in it", () => {
  expect(quoted("a'; DROP TABLE x; --")).toBe("'a''; DROP TABLE x; --'");
});

test("a view over files reads all folders below the root, whose names may have quotes", () => {
  const statement = viewOverFiles("events", "/it's here");
  expect(statement).toContain("read_parquet('/it''s here/events/*/*/*/*.parquet'");
  expect(statement).toContain("hive_types = {'day': DATE, 'hour': INTEGER, 'db': INTEGER}");
});

test.each(["events", "errors"] as const)("the empty view of %s has all columns, those of the folders too", (name) => {
  const statement = emptyView(name);
  for (const column of [...Object.keys(VIEW_COLUMNS[name]), "day", "hour", "db"]) {
    expect(statement).toMatch(new RegExp(`NULL::\\w+ AS ${column}\\b`));
  }
  expect(statement).toMatch(/WHERE false$/);
});
