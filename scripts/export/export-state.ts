import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

/** The progress of an export, stored beside the file until that is complete. */
export interface ExportState {
  v: 1;
  /** What is exported and from where, to recognise the same command. */
  question: string;
  /** Bytes of the file that consist of complete parts. */
  bytes: number;
  events: number;
  /** Path and query of the next part. */
  next: string;
  /** Bytes of the first line of a CSV file, which the following parts repeat. */
  headerBytes: number;
}

export function stateFileOf(out: string): string {
  return `${out}.export.json`;
}

/** @returns null if there is no readable state */
export function readState(out: string): ExportState | null {
  const file = stateFileOf(out);
  if (!existsSync(file) || !existsSync(out)) return null;
  try {
    const state: unknown = JSON.parse(readFileSync(file, "utf8"));
    return isState(state) ? state : null;
  } catch {
    return null;
  }
}

function isState(value: unknown): value is ExportState {
  if (typeof value !== "object" || value === null || !("v" in value) || value.v !== 1) return false;
  const { question, bytes, events, next, headerBytes } = value as Record<string, unknown>;
  return (
    [question, next].every((one) => typeof one === "string") &&
    [bytes, events, headerBytes].every((one) => Number.isSafeInteger(one))
  );
}

/** Replaces the state atomically, so that an interruption leaves either the old or the new one. */
export function writeState(out: string, state: ExportState): void {
  const file = stateFileOf(out);
  writeFileSync(`${file}.new`, JSON.stringify(state));
  renameSync(`${file}.new`, file);
}

export function removeState(out: string): void {
  rmSync(stateFileOf(out), { force: true });
}
