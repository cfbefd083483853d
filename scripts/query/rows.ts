import type { OutputFormat } from "./options.ts";

/** The most rows that a table shows. */
const MAX_ROWS = 1_000;

/** The most characters of a cell in a table. */
const MAX_CELL = 80;

/** A statement's result, as text. */
export function formatRows(
  columns: readonly string[],
  rows: readonly Record<string, unknown>[],
  format: OutputFormat,
): string {
  if (format === "json") return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const cells = rows.map((row) => columns.map((column) => cellText(row[column])));
  if (format === "csv") return [[...columns], ...cells].map(csvLine).join("");
  return tableOf(columns, cells);
}

/** Rows whose wide integers are numbers where a double holds them exactly, such as the result of count(*). */
export function withNumbers(
  rows: readonly Record<string, unknown>[],
  wide: readonly string[],
): Record<string, unknown>[] {
  return rows.map((row) => {
    const changed = wide.flatMap((column) => {
      const value = row[column];
      return typeof value === "string" && Number.isSafeInteger(Number(value)) ? [[column, Number(value)] as const] : [];
    });
    return { ...row, ...Object.fromEntries(changed) };
  });
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function csvLine(cells: readonly string[]): string {
  const quoted = cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell));
  return `${quoted.join(",")}\n`;
}

function tableOf(columns: readonly string[], cells: readonly (readonly string[])[]): string {
  const shown = cells.slice(0, MAX_ROWS).map((row) => row.map(shortened));
  const widths = columns.map((column, place) =>
    shown.reduce((most, row) => Math.max(most, row[place]?.length ?? 0), column.length),
  );
  const line = (row: readonly string[]) =>
    `${row.map((cell, place) => cell.padEnd(widths[place] ?? 0)).join("  ")}`.trimEnd();
  const lines = [line(columns), line(widths.map((width) => "-".repeat(width))), ...shown.map(line)];
  const left = cells.length - shown.length;
  const count = `${cells.length.toLocaleString("en-US")} row${cells.length === 1 ? "" : "s"}`;
  const note = left > 0 ? `, of which ${MAX_ROWS} are shown; --format json or csv shows all` : "";
  return `${lines.join("\n")}\n(${count}${note})\n`;
}

function shortened(cell: string): string {
  const single = cell.replaceAll(/[\r\n\t]+/g, " ");
  return single.length > MAX_CELL ? `${single.slice(0, MAX_CELL - 1)}…` : single;
}
