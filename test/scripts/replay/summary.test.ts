import { expect, test } from "vitest";
import { emptyReport, type FileReport } from "../../../scripts/replay/reading/file-report.ts";
import { reconcile } from "../../../scripts/replay/reconciliation.ts";
import { exitCodeOf, notesOf, type Outcome } from "../../../scripts/replay/summary.ts";

const file = (change: Partial<FileReport> = {}): FileReport => ({
  ...emptyReport("a.log"),
  ...{ format: "combined log format", lines: 10, events: 10 },
  ...change,
});

const STORED = { sent: 10, accepted: 10, storedNow: 10, storedBefore: 0, errors: 0 };

function outcomeOf(files: FileReport[], counts: Partial<typeof STORED> = {}, changes: Partial<Outcome> = {}): Outcome {
  const reconciliation = reconcile(files, { ...STORED, ...counts });
  return { reconciliation, files, source: "a", isDryRun: false, stopped: null, missing: [], ...changes };
}

test("says only that it adds up if there is nothing to report", () => {
  const outcome = outcomeOf([file()]);
  expect([exitCodeOf(outcome), notesOf(outcome)]).toEqual([0, ["It adds up."]]);
});

test.each<[string, number, Outcome, RegExp]>([
  ["an event is missing", 1, outcomeOf([file()], { storedNow: 9 }, { missing: ["e7"] }), /Missing, for example: e7/],
  ["it was stopped", 1, outcomeOf([file()], {}, { stopped: "the key is refused" }), /stopped before the end/],
  ["a file cannot be read", 2, outcomeOf([file({ problem: "is damaged" })]), /a\.log could not be read to the end/],
  ["a file is not understood", 3, outcomeOf([file({ lines: 25, notUnderstood: 15 })], {}), /a\.log is not understood/],
])("the exit code says that %s: %d", (_, code, outcome, result) => {
  expect(exitCodeOf(outcome)).toBe(code);
  expect(notesOf(outcome).join("\n")).toMatch(result);
});

test("a dry run adds up, and says that nothing was sent", () => {
  const outcome = outcomeOf([file()], { sent: 0, accepted: 0, storedNow: 0 }, { isDryRun: true });
  expect([exitCodeOf(outcome), notesOf(outcome)]).toEqual([0, ["Nothing was sent (--dry-run)."]]);
});

test.each<[string, Outcome, RegExp]>([
  ["an empty file", outcomeOf([file(), file({ name: "b.log", lines: 0, events: 0 })]), /b\.log is empty/],
  [
    "lines stored before",
    outcomeOf([file()], { sent: 7, accepted: 7, storedNow: 7, storedBefore: 3 }),
    /3 of 10 lines/,
  ],
  ["errors", outcomeOf([file()], { storedNow: 9, errors: 1 }), /1 line: among the errors/],
  ["lines that are not UTF-8", outcomeOf([file({ latin1: 2 })]), /2 lines: not UTF-8/],
  ["lines without an address", outcomeOf([file({ anonymous: 2 })]), /2 lines: no visitor's address/],
  ["a line that is being written", outcomeOf([file({ lines: 11, unfinished: 1 })]), /still being written/],
  [
    "a line that is not understood",
    outcomeOf([file({ lines: 11, notUnderstood: 1, firstUnknown: { number: 3, text: "what?" } })]),
    /a\.log line 3: what\?/,
  ],
])("there is a note on %s", (_, outcome, note) => {
  expect(notesOf(outcome).join("\n")).toMatch(note);
  expect(notesOf(outcome).at(-1)).toMatch(/^It adds up(\.|, except for 1 line that was not understood\.)$/);
});

test("the result counts the lines that were left out because they are not understood", () => {
  const file1 = file({ lines: 12, notUnderstood: 2, firstUnknown: { number: 3, text: "what?" } });
  expect(notesOf(outcomeOf([file1])).at(-1)).toBe("It adds up, except for 2 lines that were not understood.");
});
