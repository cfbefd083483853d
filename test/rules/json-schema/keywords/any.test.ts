import { describeMessages, describeVerdicts } from "../verdicts";

describeVerdicts([
  ["const", { const: { a: [1, null] } }, [{ a: [1, null] }], [{ a: [1] }, null, [1]]],
  ["const null", { const: null }, [null], [0, false, ""]],
  ["const 0 is not false", { const: 0 }, [0, -0], [false, ""]],
  ["enum with null and objects", { enum: [null, { a: 1 }, 2] }, [null, { a: 1 }, 2], [{ a: 2 }, 1, "2"]],
  ["integer of 1.0", { type: "integer" }, [1, JSON.parse("1.0"), 1e3], [1.5, "1"]],
]);

describeMessages([
  [{ properties: { a: { type: "number" } } }, { a: "1" }, "/a", 'expected number, found "1"'],
  [
    { properties: { a: { type: ["number", "null"] } } },
    { a: [1] },
    "/a",
    "expected number or null, found an array of 1",
  ],
  [{ properties: { a: { type: "integer" } } }, { a: 1.5 }, "/a", "expected integer, found 1.5"],
  [{ properties: { a: { const: 1 } } }, { a: null }, "/a", "expected 1, found null"],
  [{ properties: { a: { enum: ["x", "y"] } } }, { a: {} }, "/a", 'expected one of "x","y", found an object'],
]);
