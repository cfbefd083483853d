import { describeMessages, describeVerdicts } from "../verdicts";

describeVerdicts([
  ["length in code points", { minLength: 2, maxLength: 2 }, ["ab", "💩💩"], ["💩", "abc"]],
  ["pattern is not anchored", { pattern: "a" }, ["xay", 7], ["xy"]],
  ["pattern with Unicode classes", { pattern: "^\\p{Letter}+$" }, ["é"], ["1"]],
]);

describeMessages([
  [{ properties: { a: { minLength: 2 } } }, { a: "x" }, "/a", "expected at least 2 characters, found 1"],
  [{ properties: { a: { maxLength: 2 } } }, { a: "xyz" }, "/a", "expected at most 2 characters, found 3"],
  [{ properties: { a: { pattern: "^x$" } } }, { a: "y" }, "/a", 'expected a text that matches the pattern, found "y"'],
  [{ properties: { a: { format: "uuid" } } }, { a: "y" }, "/a", 'expected uuid, found "y"'],
]);
