import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readLog, splitLines } from "../../../scripts/replay/page-views.ts";

const REAL_LOG = join(import.meta.dirname, "../../../../shared/data/access.log");

const LINE = '10.0.0.1 - - [01/Jan/2020:00:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "agent"';

test("equal lines are different events of one session", () => {
  const { events } = readLog([LINE, LINE]);
  expect(new Set(events.map((event) => event.id)).size).toBe(2);
  expect(new Set(events.map((event) => event.session_id)).size).toBe(1);
});

test("reading a log again gives the same ids", () => {
  expect(readLog([LINE, LINE])).toEqual(readLog([LINE, LINE]));
});

test("blank lines and lines that are not understood are counted, by their numbers", () => {
  const log = readLog(["", LINE, "nonsense", "  ", LINE]);
  expect(log).toMatchObject({ lines: 5, blank: 2, notUnderstood: [3] });
  expect(log.events).toHaveLength(2);
});

test("the request line is kept where method and path could not be read", () => {
  const { events } = readLog([LINE.replace("GET / HTTP/1.1", "-"), LINE]);
  expect(events.map((event) => event.data.request)).toEqual(["-", undefined]);
});

test("a line feed at the end of a file begins no line", () => {
  expect(splitLines("a\r\nb\n")).toEqual(["a", "b"]);
  expect(splitLines("a\n\n")).toEqual(["a", ""]);
  expect(splitLines("")).toEqual([]);
});

test.skipIf(!existsSync(REAL_LOG))("the real log is understood to the last line (skipped where it is absent)", () => {
  const log = readLog(splitLines(readFileSync(REAL_LOG, "utf8")));
  expect(log).toMatchObject({ lines: 10_000, blank: 0, notUnderstood: [] });
  expect(new Set(log.events.map((event) => event.id)).size).toBe(10_000);
});
