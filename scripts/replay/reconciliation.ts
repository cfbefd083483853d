/** Where the lines of a replayed log went. */
export interface Reconciliation {
  lines: number;
  blank: number;
  /** Line numbers, from 1. */
  notUnderstood: number[];
  sent: number;
  accepted: number;
  stored: number;
  errors: number;
}

const SHOWN_LINES = 20;

/** Whether each line is accounted for. */
export function addsUp(r: Reconciliation): boolean {
  const read = r.lines === r.blank + r.notUnderstood.length + r.sent;
  return read && r.accepted === r.sent && r.stored + r.errors === r.accepted;
}

export function reconciliationTable(r: Reconciliation): string {
  const numbers = r.notUnderstood.slice(0, SHOWN_LINES).join(", ");
  const more = r.notUnderstood.length > SHOWN_LINES ? ", …" : "";
  const rows: [string, number, string?][] = [
    ["lines read", r.lines],
    ["  blank", r.blank],
    ["  not understood", r.notUnderstood.length, numbers === "" ? "" : `line ${numbers}${more}`],
    ["  sent", r.sent],
    ["accepted", r.accepted],
    ["  stored", r.stored],
    ["  in errors", r.errors],
    ["  missing", r.accepted - r.stored - r.errors],
  ];
  const table = rows.map(([name, n, note = ""]) => `${name.padEnd(20)}${String(n).padStart(10)}  ${note}`.trimEnd());
  return [...table, addsUp(r) ? "It adds up." : "It does not add up."].join("\n");
}
