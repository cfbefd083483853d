import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { detectFormat } from "../../../../scripts/replay/formats/detect.ts";
import type { LogEntry } from "../../../../scripts/replay/formats/entry.ts";
import { formatTimestamp } from "../../../../src/model/time/time.ts";

const FIXTURES = join(import.meta.dirname, "../../../fixtures/logs");

export function linesOf(path: string): string[] {
  return readFileSync(path, "utf8").replace("\uFEFF", "").trimEnd().split(/\r?\n/);
}

export const fixtureLines = (name: string) => linesOf(join(FIXTURES, name));

/** The detected format of a file, and its entries with their time as text. */
export function readFixture(name: string) {
  const lines = fixtureLines(name);
  const { format, understood, considered } = detectFormat(lines);
  expect(understood).toBe(considered);
  const read = format.open();
  const entries = lines.map(read).filter((entry): entry is LogEntry => entry !== null && entry !== "directive");
  return {
    title: format.describe?.(lines) ?? format.title,
    entries: entries.map((entry) => ({ ...entry, at: formatTimestamp(entry.occurredAt) })),
  };
}
