import { excerptOf } from "./reading/excerpt.ts";
import { type FileReport, isMisunderstood } from "./reading/file-report.ts";
import { addsUp, type Reconciliation } from "./reconciliation.ts";

export interface Outcome {
  reconciliation: Reconciliation;
  files: readonly FileReport[];
  source: string;
  isDryRun: boolean;
  /** Why the replay stopped before the end of the files, or null. */
  stopped: string | null;
  /** Ids of some events that were accepted and are missing. */
  missing: readonly string[];
}

/** Text that follows the table: one paragraph for each thing that may need action, and the result at the end. */
export function notesOf(outcome: Outcome): string[] {
  const { reconciliation: r, files } = outcome;
  const count = (of: (file: FileReport) => number) => files.reduce((total, file) => total + of(file), 0);
  return [
    ...files.filter((file) => file.lines === 0 && isRead(file)).map((file) => `${file.name} is empty.`),
    storedBefore(outcome),
    note(r.errors, "among the errors; GET /theeye/errors says why"),
    note(
      count((file) => file.latin1),
      "not UTF-8, read as Latin-1",
    ),
    note(
      count((file) => file.anonymous),
      "no visitor's address; each is a session of its own, without a visitor_id",
    ),
    unfinished(files),
    firstUnknown(outcome),
    missing(outcome),
    result(outcome),
  ].filter((text) => text !== null);
}

/** 0 if every line is accounted for, 1 if not, 2 if a file cannot be read, 3 if a file is not understood. */
export function exitCodeOf({ reconciliation, files, isDryRun, stopped }: Outcome): 0 | 1 | 2 | 3 {
  if (stopped !== null || !(isDryRun || addsUp(reconciliation))) return 1;
  if (files.some((file) => file.problem !== null)) return 2;
  return files.some(isMisunderstood) ? 3 : 0;
}

function isRead(file: FileReport): boolean {
  return file.problem === null && file.refused === null && file.format !== "";
}

function note(lines: number, text: string): string | null {
  return lines === 0 ? null : `${lines} ${lines === 1 ? "line" : "lines"}: ${text}.`;
}

function storedBefore({ reconciliation: r, source }: Outcome): string | null {
  if (r.storedBefore === 0) return null;
  return (
    `${r.storedBefore} of ${r.storedBefore + r.sent} lines were stored before, under the source "${source}", and were not sent ` +
    "again. That is right if these lines were replayed before. If they come from another server, equal lines are different " +
    "events: run the command again with --source and a name for that server."
  );
}

function unfinished(files: readonly FileReport[]): string | null {
  const names = files.filter((file) => file.unfinished > 0).map((file) => file.name);
  if (names.length === 0) return null;
  return (
    `The last line of ${names.join(", ")} has no end and is shorter than the others: it is still being written, and was not ` +
    "sent. Replay the file again once it has grown."
  );
}

/** A file of which most lines are not understood has its own message. */
function firstUnknown({ files }: Outcome): string | null {
  const file = files.find((candidate) => candidate.notUnderstood > 0 && !isMisunderstood(candidate));
  if (file === undefined || file.firstUnknown === null) return null;
  return `Not understood, ${file.name} line ${file.firstUnknown.number}: ${excerptOf(file.firstUnknown.text)}`;
}

function missing({ missing: ids, stopped }: Outcome): string | null {
  if (ids.length === 0 || stopped !== null) return null;
  return (
    `Missing, for example: ${ids.join(", ")}. The service accepted them and showed them in neither list before --timeout. ` +
    "See whether --read-key may read the application of --key, then run the same command again: lines that are stored are " +
    "not stored twice."
  );
}

function result(outcome: Outcome): string {
  const { reconciliation, files, isDryRun, stopped } = outcome;
  const unread = files.filter((file) => file.problem !== null).map((file) => file.name);
  const bad = files.filter(isMisunderstood).map((file) => file.name);
  if (stopped !== null) return "It does not add up: the replay stopped before the end.";
  if (!isDryRun && !addsUp(reconciliation)) return "It does not add up.";
  if (unread.length > 0) return `It does not add up: ${unread.join(", ")} could not be read to the end.`;
  if (bad.length > 0) return `It does not add up: ${bad.join(", ")} ${bad.length === 1 ? "is" : "are"} not understood.`;
  if (isDryRun) return "Nothing was sent (--dry-run).";
  const leftOut = files.reduce((sum, file) => sum + file.notUnderstood, 0);
  if (leftOut === 0) return "It adds up.";
  return `It adds up, except for ${leftOut} ${leftOut === 1 ? "line that was" : "lines that were"} not understood.`;
}
