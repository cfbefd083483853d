import type { DeliveryCounts } from "./delivery/delivery.ts";
import { type FileReport, LISTED_LINES } from "./reading/file-report.ts";

/** Accounts for all lines of replayed logs. */
export interface Reconciliation extends DeliveryCounts {
  lines: number;
  blank: number;
  directives: number;
  notUnderstood: number;
  unfinished: number;
  assets: number;
  bots: number;
}

/** Adds up the files and the outcomes of their events. */
export function reconcile(files: readonly FileReport[], counts: DeliveryCounts): Reconciliation {
  const sum = (of: (file: FileReport) => number) => files.reduce((total, file) => total + of(file), 0);
  return {
    ...counts,
    lines: sum((file) => file.lines),
    blank: sum((file) => file.blank),
    directives: sum((file) => file.directives),
    notUnderstood: sum((file) => file.notUnderstood),
    unfinished: sum((file) => file.unfinished),
    assets: sum((file) => file.assets),
    bots: sum((file) => file.bots),
  };
}

/** Whether each line is accounted for. */
export function addsUp(r: Reconciliation): boolean {
  const left = r.blank + r.directives + r.notUnderstood + r.unfinished + r.assets + r.bots;
  const isRead = r.lines === left + r.storedBefore + r.sent;
  return isRead && r.accepted === r.sent && r.storedNow + r.errors === r.accepted;
}

type Row = [name: string, count: number, note?: string];

/** The printed table. Rows of rare kinds are left out if they are empty. */
export function reconciliationTable(r: Reconciliation, files: readonly FileReport[]): string {
  const rows: Row[] = [
    ...readingRows(r, files),
    ["  stored before", r.storedBefore],
    ["  sent", r.sent],
    ["accepted", r.accepted],
    ["  stored now", r.storedNow],
    ["  in errors", r.errors],
    ["  missing", r.accepted - r.storedNow - r.errors],
  ];
  return tableOf(rows);
}

/** The table of a dry run. */
export function dryRunTable(r: Reconciliation, files: readonly FileReport[]): string {
  const events = files.reduce((sum, file) => sum + file.events, 0);
  return tableOf([...readingRows(r, files), ["  to be sent", events]]);
}

function readingRows(r: Reconciliation, files: readonly FileReport[]): Row[] {
  const skipped = r.assets + r.bots;
  return [
    ["lines read", r.lines],
    ["  blank", r.blank],
    ...(r.directives > 0 ? [["  directives", r.directives] as Row] : []),
    ["  not understood", r.notUnderstood, listOfLines(files)],
    ...(r.unfinished > 0 ? [["  unfinished", r.unfinished] as Row] : []),
    ["  skipped", skipped, skipped > 0 ? `assets ${r.assets}, bots ${r.bots}` : ""],
  ];
}

function tableOf(rows: readonly Row[]): string {
  return rows
    .map(([name, count, note = ""]) => `${name.padEnd(20)}${String(count).padStart(10)}  ${note}`.trimEnd())
    .join("\n");
}

/** `line 9, 22`, after the name of the file if there are several. */
function listOfLines(files: readonly FileReport[]): string {
  const unknown = files.filter((file) => file.notUnderstoodLines.length > 0);
  const list = unknown.map(({ name, notUnderstood, notUnderstoodLines }) => {
    const more = notUnderstood > notUnderstoodLines.length ? ", …" : "";
    return `${files.length > 1 ? `${name} ` : ""}line ${notUnderstoodLines.join(", ")}${more}`;
  });
  const shown = list.slice(0, LISTED_LINES);
  return [...shown, ...(list.length > shown.length ? ["…"] : [])].join("; ");
}
