import { describeMessages, describeVerdicts } from "../verdicts";

describeVerdicts([
  ["contains", { contains: { minimum: 5 } }, [[1, 5], "x"], [[], [1, 2]]],
  [
    "minContains",
    { contains: { const: 1 }, minContains: 2 },
    [
      [1, 1],
      [1, 2, 1],
    ],
    [[1], [2, 2]],
  ],
  ["minContains 0", { contains: { const: 1 }, minContains: 0 }, [[], [2], [1]], []],
  ["maxContains", { contains: { const: 1 }, maxContains: 1 }, [[1], [1, 2]], [[1, 1], []]],
  [
    "prefixItems",
    { prefixItems: [{ type: "number" }, { type: "string" }] },
    [[1, "a"], [1], [], [1, "a", 7]],
    [["a"], [1, 2]],
  ],
  ["items after prefixItems", { prefixItems: [{}], items: { type: "number" } }, [["a", 1], ["a"]], [["a", "b"]]],
  ["items false", { prefixItems: [{}], items: false }, [[1], []], [[1, 2]]],
  ["unevaluatedItems", { prefixItems: [{}], unevaluatedItems: false }, [[], [1]], [[1, 2]]],
  ["unevaluatedItems with contains", { contains: { const: 1 }, unevaluatedItems: false }, [[1, 1]], [[1, 2]]],
  [
    "uniqueItems of objects",
    { uniqueItems: true },
    [
      [{ a: 1 }, { a: 2 }],
      [1, true],
      [[1], [true]],
    ],
    [
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      [null, null],
    ],
  ],
]);

describeMessages([
  [{ properties: { a: { minItems: 2 } } }, { a: [1] }, "/a", "expected at least 2 items, found 1"],
  [{ properties: { a: { maxItems: 0 } } }, { a: [1] }, "/a", "expected at most 0 items, found 1"],
  [
    { properties: { a: { uniqueItems: true } } },
    { a: [1, 2, 1] },
    "/a",
    "expected unique items, found two equal ones: 0 and 2",
  ],
  [{ properties: { a: { items: { type: "string" } } } }, { a: ["x", 7] }, "/a/1", "expected string, found 7"],
]);
