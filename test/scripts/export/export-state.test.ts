import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readState, removeState, stateFileOf, writeState } from "../../../scripts/export/export-state.ts";

const STATE = {
  v: 1,
  question: "limit=1",
  bytes: 10,
  events: 2,
  next: "/theeye/exports?cursor=c",
  headerBytes: 0,
} as const;

let folder = "";
let out = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "the-eye-state-"));
  out = join(folder, "events.ndjson");
  writeFileSync(out, "0123456789");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("the progress is read as it was written, until it is removed", () => {
  expect(readState(out)).toBeNull();
  writeState(out, { ...STATE, events: 1 });
  writeState(out, STATE);
  expect(readState(out)).toEqual(STATE);
  expect(existsSync(`${stateFileOf(out)}.new`)).toBe(false);
  removeState(out);
  removeState(out);
  expect(readState(out)).toBeNull();
});

test("progress without its file is not continued", () => {
  writeState(out, STATE);
  rmSync(out);
  expect(readState(out)).toBeNull();
});

test.each([
  ["cut text", JSON.stringify(STATE).slice(0, 20)],
  ["another version", JSON.stringify({ ...STATE, v: 2 })],
  ["no cursor", JSON.stringify({ ...STATE, next: null })],
  ["half a byte", JSON.stringify({ ...STATE, bytes: 0.5 })],
  ["null", "null"],
])("does not continue from a broken state: %s", (_, text) => {
  writeFileSync(stateFileOf(out), text);
  expect(readState(out)).toBeNull();
});
