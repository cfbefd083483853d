import { expect, test } from "vitest";
import { splitStatements } from "../../../scripts/query/statements.ts";

test("splits at semicolons, and keeps what is not ended", () => {
  expect(splitStatements("SELECT 1; SELECT 2;\n SELECT 3")).toEqual({
    statements: ["SELECT 1", "SELECT 2"],
    rest: "\n SELECT 3",
  });
});

test.each(["'a;b'", "'it''s; so'", '"a;b"', '"a"";b"', "1 -- no; end\n", "1 /* no;\nend; */"])(
  "does not split within quotes and comments: %s",
  (text) => {
    expect(splitStatements(`SELECT ${text};`)).toEqual({ statements: [`SELECT ${text}`.trim()], rest: "" });
  },
);

test("a quote that is not closed yet is the rest", () => {
  // A prompt reads on: the semicolon may be inside of the text.
  expect(splitStatements("SELECT 1; SELECT 'a").rest).toBe(" SELECT 'a");
});

test("leaves out empty statements", () => {
  expect(splitStatements(";; \n;")).toEqual({ statements: [], rest: "" });
});
