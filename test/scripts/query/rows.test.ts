import { expect, test } from "vitest";
import { formatRows, withNumbers } from "../../../scripts/query/rows.ts";

const COLUMNS = ["id", "data"];

test("json is an object per line", () => {
  expect(
    formatRows(
      COLUMNS,
      [
        { id: 1, data: null },
        { id: 2, data: "a\nb" },
      ],
      "json",
    ),
  ).toBe('{"id":1,"data":null}\n{"id":2,"data":"a\\nb"}\n');
});

test("counts are numbers in json, unless a double does not hold them", () => {
  const rows = [{ n: "29", all: "9007199254740993", text: "7", none: null }];
  const [changed] = withNumbers(rows, ["n", "all", "none"]);
  expect(JSON.stringify(changed)).toBe('{"n":29,"all":"9007199254740993","text":"7","none":null}');
});

test("csv quotes what would be read as another cell or line, and has nothing for null", () => {
  const rows = [
    { id: "plain", data: 'a,"b"' },
    { id: "two\nlines", data: null },
    { id: "cr\r", data: { x: [1] } },
  ];
  expect(formatRows(COLUMNS, rows, "csv")).toBe('id,data\nplain,"a,""b"""\n"two\nlines",\n"cr\r","{""x"":[1]}"\n');
});

test("a table aligns its columns and counts its rows", () => {
  expect(formatRows(COLUMNS, [{ id: 1, data: "long text" }], "table")).toBe(
    ["id  data", "--  ---------", "1   long text", "(1 row)", ""].join("\n"),
  );
  expect(formatRows(COLUMNS, [], "table")).toBe(["id  data", "--  ----", "(0 rows)", ""].join("\n"));
});

test("a table shows a cell in one line of 80 characters, other formats show all of it", () => {
  const rows = [{ id: "a\n\tb", data: "x".repeat(81) }];
  const [, , line] = formatRows(COLUMNS, rows, "table").split("\n");
  expect(line).toBe(`a b  ${"x".repeat(79)}…`);
  expect(formatRows(COLUMNS, rows, "csv")).toContain("x".repeat(81));
  expect(formatRows(["data"], [{ data: "x".repeat(80) }], "table")).toContain("x".repeat(80));
});

test("a table shows 1,000 rows, and says how many there are", () => {
  const rows = Array.from({ length: 1_001 }, (_, id) => ({ id, data: null }));
  const lines = formatRows(COLUMNS, rows, "table").trimEnd().split("\n");
  expect(lines).toHaveLength(2 + 1_000 + 1);
  expect(lines.at(-1)).toBe("(1,001 rows, of which 1000 are shown; --format json or csv shows all)");
  expect(formatRows(COLUMNS, rows, "json").trimEnd().split("\n")).toHaveLength(1_001);
});
