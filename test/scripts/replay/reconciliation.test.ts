import { expect, test } from "vitest";
import { emptyReport, type FileReport } from "../../../scripts/replay/reading/file-report.ts";
import { addsUp, reconcile, reconciliationTable } from "../../../scripts/replay/reconciliation.ts";

const COUNTS = { sent: 8, accepted: 8, storedNow: 7, storedBefore: 3, errors: 1 };

const file = (change: Partial<FileReport> = {}): FileReport => ({
  ...emptyReport("a.log"),
  lines: 17,
  blank: 1,
  directives: 1,
  notUnderstood: 1,
  notUnderstoodLines: [3],
  unfinished: 1,
  assets: 1,
  bots: 1,
  events: 11,
  ...change,
});

const GOOD = reconcile([file()], COUNTS);

test("adds up if each line is accounted for", () => {
  expect(addsUp(GOOD)).toBe(true);
  expect(addsUp(reconcile([file(), file({ events: 0, lines: 6 })], COUNTS))).toBe(true);
});

test.each([
  ["a line was lost in reading", { lines: 18 }],
  ["an event was not sent", { sent: 7, accepted: 7, storedNow: 6 }],
  ["an event was not accepted", { accepted: 7 }],
  ["an accepted event is in neither table", { storedNow: 6 }],
  ["an event is in both tables", { errors: 2 }],
])("does not add up if %s", (_, change) => {
  expect(addsUp({ ...GOOD, ...change })).toBe(false);
});

test("the table names the first lines that were not understood, with their file if there are several", () => {
  const notUnderstoodLines = Array.from({ length: 20 }, (_, i) => i + 1);
  const many = file({ notUnderstood: 25, notUnderstoodLines });
  expect(reconciliationTable(GOOD, [many])).toContain("  line 1, 2, 3,");
  expect(reconciliationTable(GOOD, [many])).toContain("19, 20, …");
  expect(reconciliationTable(GOOD, [many, file({ name: "b.log" })])).toMatch(/a\.log line 1, .*; b\.log line 3$/m);
});

test("each kind of line has a row", () => {
  expect(reconciliationTable(GOOD, [file()]).replace(/ +/g, " ")).toBe(
    [
      "lines read 17",
      " blank 1",
      " directives 1",
      " not understood 1 line 3",
      " unfinished 1",
      " skipped 2 assets 1, bots 1",
      " stored before 3",
      " sent 8",
      "accepted 8",
      " stored now 7",
      " in errors 1",
      " missing 0",
    ].join("\n"),
  );
});
