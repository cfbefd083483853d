import { describeMessages, describeVerdicts } from "../verdicts";

describeVerdicts([
  ["exclusiveMinimum", { exclusiveMinimum: 1 }, [1.1, "1"], [1, 0]],
  ["exclusiveMaximum", { exclusiveMaximum: 1 }, [0.9], [1, 2]],
  ["multipleOf a small fraction", { multipleOf: 0.0001 }, [0.0075, 1], [0.00751]],
]);

describeMessages([
  [{ properties: { a: { minimum: 1 } } }, { a: 0 }, "/a", "expected at least 1, found 0"],
  [{ properties: { a: { maximum: 1 } } }, { a: 1.5 }, "/a", "expected at most 1, found 1.5"],
  [{ properties: { a: { exclusiveMinimum: 1 } } }, { a: 1 }, "/a", "expected more than 1, found 1"],
  [{ properties: { a: { exclusiveMaximum: 1 } } }, { a: 1 }, "/a", "expected less than 1, found 1"],
  [{ properties: { a: { multipleOf: 0.5 } } }, { a: 0.7 }, "/a", "expected a multiple of 0.5, found 0.7"],
]);
