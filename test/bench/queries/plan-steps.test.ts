import { expect, it } from "vitest";
import { wholeTableSteps } from "../../../bench/queries/plan-steps.ts";

it("finds the scan of a table, under its alias too", () => {
  expect(wholeTableSteps("SELECT 1 FROM events WHERE name = 'x'", ["SCAN events"])).toEqual(["SCAN events"]);
  expect(wholeTableSteps('SELECT 1 FROM "counts" AS held WHERE 1', ["SCAN held"])).toEqual(["SCAN held"]);
});

it("finds a sort that is not for a sum", () => {
  const sql = "SELECT DISTINCT a FROM events WHERE a = 1";
  expect(wholeTableSteps(sql, ["USE TEMP B-TREE FOR DISTINCT"])).toHaveLength(1);
  expect(wholeTableSteps(sql, ["USE TEMP B-TREE FOR ORDER BY"])).toHaveLength(1);
  const sum = "SELECT a, sum(b) FROM counts WHERE a = 1 GROUP BY a ORDER BY sum(b)";
  expect(wholeTableSteps(sum, ["USE TEMP B-TREE FOR GROUP BY", "USE TEMP B-TREE FOR ORDER BY"])).toEqual([]);
});

it("lets pages, searches, lists that came with the query and partial indexes pass", () => {
  expect(wholeTableSteps("SELECT * FROM events ORDER BY occurred_at LIMIT 101", ["SCAN events"])).toEqual([]);
  const sql = "SELECT * FROM errors, json_each(?) AS wanted WHERE 1";
  const plan = ["SCAN wanted VIRTUAL TABLE INDEX 1:", "SEARCH errors USING PRIMARY KEY (id=?)"];
  expect(wholeTableSteps(sql, [...plan, "SCAN errors USING INDEX errors_open"])).toEqual([]);
  expect(wholeTableSteps(sql, ["SCAN errors USING COVERING INDEX errors_with_name_invalid"])).toEqual([]);
});
