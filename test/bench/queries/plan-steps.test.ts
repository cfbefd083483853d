import { expect, it } from "vitest";
import { wholeTableSteps } from "../../../bench/queries/plan-steps.ts";

it("finds the scan of a table, also by its alias", () => {
  expect(wholeTableSteps("SELECT 1 FROM events_12 WHERE name = 'x'", ["SCAN events_12"])).toEqual(["SCAN events_12"]);
  expect(wholeTableSteps('SELECT 1 FROM "counts" AS held WHERE 1', ["SCAN held"])).toEqual(["SCAN held"]);
  expect(wholeTableSteps("SELECT 1 FROM activity_12l AS a WHERE 1", ["SCAN a"])).toEqual(["SCAN a"]);
});

it("distinguishes a subquery from a table with the same alias", () => {
  const sql = "SELECT 1 FROM (SELECT slot FROM events_1 AS e WHERE e.slot > 1 LIMIT 9) AS e";
  const plan = ["CO-ROUTINE e", "SEARCH e USING PRIMARY KEY (slot>?)", "SCAN e"];
  expect(wholeTableSteps(sql, plan)).toEqual([]);
  expect(wholeTableSteps(sql, ["CO-ROUTINE e", "SCAN e", "SCAN e"])).toEqual(["SCAN e"]);
});

it("finds a sort that is not for a sum", () => {
  const sql = "SELECT DISTINCT a FROM events_1 WHERE a = 1";
  expect(wholeTableSteps(sql, ["USE TEMP B-TREE FOR DISTINCT"])).toHaveLength(1);
  expect(wholeTableSteps(sql, ["USE TEMP B-TREE FOR ORDER BY"])).toHaveLength(1);
  const sum = "SELECT a, sum(b) FROM counts WHERE a = 1 GROUP BY a ORDER BY sum(b)";
  expect(wholeTableSteps(sum, ["USE TEMP B-TREE FOR GROUP BY", "USE TEMP B-TREE FOR ORDER BY"])).toEqual([]);
});

it("allows sorting the events of a slot, and DISTINCT for the next hours of some series", () => {
  const sql = "SELECT * FROM events_1 AS e WHERE e.slot < 9 ORDER BY e.slot, e.occurred_at LIMIT 101";
  expect(wholeTableSteps(sql, ["SEARCH e", "USE TEMP B-TREE FOR LAST 4 TERMS OF ORDER BY"])).toEqual([]);
  const hours = "SELECT DISTINCT h.hour AS hour FROM json_each(?) AS wanted CROSS JOIN series_hours AS h WHERE 1";
  expect(wholeTableSteps(hours, ["SEARCH h", "USE TEMP B-TREE FOR DISTINCT"])).toEqual([]);
});

it("allows pages, searches, lists passed with the query, and partial indexes", () => {
  expect(wholeTableSteps("SELECT * FROM events_1 ORDER BY occurred_at LIMIT 101", ["SCAN events_1"])).toEqual([]);
  const sql = "SELECT * FROM errors, json_each(?) AS wanted WHERE 1";
  const plan = ["SCAN wanted VIRTUAL TABLE INDEX 1:", "SEARCH errors USING PRIMARY KEY (id=?)"];
  expect(wholeTableSteps(sql, [...plan, "SCAN errors USING INDEX errors_open"])).toEqual([]);
  expect(wholeTableSteps(sql, ["SCAN errors USING COVERING INDEX errors_with_name_invalid"])).toEqual([]);
});
