import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { fillerSql } from "../../../src/storage/erasures/filler";

it.each([
  ["a text", "'shop'", "0000"],
  ["a text of several bytes a character", "'ä€😀'", "000000000"],
  ["an empty text", "''", ""],
  ["NULL", "NULL", null],
])("is as long as %s, in bytes", async (_, value, expected) => {
  const row = await env.DB.prepare(`SELECT ${fillerSql("v")} AS filler FROM (SELECT ${value} AS v)`).first();
  expect(row?.filler).toBe(expected);
});

it("is a blob of zeros for a blob", async () => {
  const sql = `SELECT typeof(${fillerSql("v")}) AS type, hex(${fillerSql("v")}) AS hex FROM (SELECT x'0102ff' AS v)`;
  expect(await env.DB.prepare(sql).first()).toEqual({ type: "blob", hex: "000000" });
});
