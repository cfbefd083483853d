import { expect, test } from "vitest";
import { addsUp, type Reconciliation, reconciliationTable } from "../../../scripts/replay/reconciliation.ts";

const GOOD: Reconciliation = { lines: 10, blank: 1, notUnderstood: [3], sent: 8, accepted: 8, stored: 7, errors: 1 };

test("it adds up when each line is accounted for", () => {
  expect(addsUp(GOOD)).toBe(true);
});

test.each([
  ["a line was lost in reading", { lines: 11 }],
  ["an event was not accepted", { accepted: 7 }],
  ["an accepted event is in neither table", { stored: 6 }],
  ["an event is in both tables", { errors: 2 }],
])("it does not when %s", (_, change) => {
  expect(addsUp({ ...GOOD, ...change })).toBe(false);
});

test("the table shows the first twenty lines that were not understood", () => {
  const notUnderstood = Array.from({ length: 25 }, (_, i) => i + 1);
  const table = reconciliationTable({ ...GOOD, notUnderstood });
  expect(table).toContain("19, 20, …");
  expect(table).not.toContain("21");
});
