import { expect, test } from "vitest";
import { parseExportOptions } from "../../../scripts/export/options.ts";

function optionsOf(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const options = parseExportOptions(args, environment);
  if (typeof options === "string") throw new Error(options);
  return options;
}

test("needs only a file, and exports from the local service with its key", () => {
  const { query, ...options } = optionsOf(["--out", "events.ndjson"]);
  expect(options).toEqual({
    out: "events.ndjson",
    isGzip: false,
    isForced: false,
    url: "http://localhost:8787",
    key: "eye_r_local",
  });
  expect(query.toString()).toBe("format=ndjson&limit=100000");
});

test.each([
  ["a.csv", "csv", false],
  ["a.csv.gz", "csv", true],
  ["a.ndjson.gz", "ndjson", true],
  ["csv", "ndjson", false],
])("takes format and compression from the name of the file: %s", (out, format, isGzip) => {
  const options = optionsOf(["--out", out]);
  expect(options.query.get("format")).toBe(format);
  expect(options.isGzip).toBe(isGzip);
  expect(optionsOf(["--out", out, "--format", "ndjson"]).query.get("format")).toBe("ndjson");
});

test("passes the filters on by the names of the interface", () => {
  const filters = ["--start", "2021-01-01", "--end", "2021-01-02", "--session", "s", "--category", "c", "--name", "n"];
  const { query } = optionsOf([
    "--out",
    "a",
    ...filters,
    "--application",
    "shop",
    "--flatten",
    "host",
    "--part",
    "007",
  ]);
  expect(Object.fromEntries(query)).toEqual({
    ...{ format: "ndjson", start_date: "2021-01-01", end_date: "2021-01-02", flatten: "host" },
    ...{ session_id: "s", category: "c", name: "n", application: "shop", limit: "7" },
  });
});

test("prefers the given key to that of the environment, and leaves out slashes after the address", () => {
  const environment = { THE_EYE_KEY: "eye_r_env" };
  expect(optionsOf(["--out", "a"], environment).key).toBe("eye_r_env");
  const given = optionsOf(["--out", "a", "--key", "eye_r_own", "--url", "https://eye.example/p//"], environment);
  expect(given).toMatchObject({ key: "eye_r_own", url: "https://eye.example/p" });
});

test.each([
  [[], /--out FILE/],
  [["--out", ""], /--out FILE/],
  [["--out", "a", "--part", "0"], /--part takes a whole number from 1 to 1000000/],
  [["--out", "a", "--part", "1000001"], /--part takes/],
  [["--out", "a", "--part", "1e3"], /--part takes/],
  [["--out", "a", "--format", "xml"], /--format takes ndjson or csv; found xml/],
  [["--out", "a", "--url", "localhost:8787"], /--url takes/],
  [["--out", "a", "--colour", "red"], /--colour/],
  [["--out", "a", "b"], /Unexpected argument/],
])("says what is wrong with %j", (args, message) => {
  expect(parseExportOptions(args, {})).toMatch(message);
});
