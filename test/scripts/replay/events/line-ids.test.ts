import fc from "fast-check";
import { expect, test } from "vitest";
import { LineIds } from "../../../../scripts/replay/events/line-ids.ts";

const SECOND = 1_000_000;

/** A line of a log: its second and its request. Equal lines are from the same second. */
interface LogLine {
  second: number;
  path: string;
}

const textOf = ({ second, path }: LogLine) => `[${second}] ${path}`;

/** Replays files with one command. */
function idsOf(files: readonly (readonly LogLine[])[], source = "web-1"): string[] {
  const ids = new LineIds(source, 1_000);
  return files.flatMap((lines) => {
    ids.beginFile();
    return lines.map((line) => ids.next(textOf(line), line.second * SECOND));
  });
}

/** Lines nearly in order, as servers write them at the end of requests: many equal ones, and late ones. */
const log = fc
  .array(fc.record({ second: fc.integer({ min: 0, max: 6 }), path: fc.constantFrom("/a", "/b") }), { maxLength: 40 })
  .map((lines) => lines.sort((a, b) => a.second - b.second));

const lateLog = fc.tuple(log, log).map(([lines, late]) => [...lines, ...late]);

const cut = fc.nat();
const placeIn = (lines: readonly LogLine[], place: number) => place % (lines.length + 1);

test("every line has a unique id, the same each time", () => {
  fc.assert(
    fc.property(lateLog, (lines) => {
      const ids = idsOf([lines]);
      expect(new Set(ids).size).toBe(lines.length);
      expect(idsOf([lines])).toEqual(ids);
    }),
  );
});

test("a file that has grown keeps the ids of its lines", () => {
  fc.assert(
    fc.property(lateLog, cut, (lines, place) => {
      const before = idsOf([lines.slice(0, placeIn(lines, place))]);
      expect(idsOf([lines]).slice(0, before.length)).toEqual(before);
    }),
  );
});

test("a file cut anywhere has only ids of the whole file", () => {
  fc.assert(
    fc.property(lateLog, cut, cut, (lines, a, b) => {
      const [from = 0, to = 0] = [placeIn(lines, a), placeIn(lines, b)].sort((x, y) => x - y);
      const whole = new Set(idsOf([lines]));
      expect(idsOf([lines.slice(from, to)]).filter((id) => !whole.has(id))).toEqual([]);
    }),
  );
});

test("a file cut between two seconds keeps the id of each line", () => {
  fc.assert(
    fc.property(log, fc.integer({ min: 0, max: 7 }), (lines, second) => {
      const head = lines.filter((line) => line.second < second);
      const tail = lines.filter((line) => line.second >= second);
      expect([...idsOf([head]), ...idsOf([tail])]).toEqual(idsOf([lines]));
    }),
  );
});

test("a file rotated anywhere has the ids of the whole file if both parts are replayed by one command", () => {
  fc.assert(
    fc.property(log, cut, (lines, place) => {
      const at = placeIn(lines, place);
      expect(idsOf([lines.slice(0, at), lines.slice(at)])).toEqual(idsOf([lines]));
    }),
  );
});

test("a file named twice, and one that contains another, give no further ids", () => {
  fc.assert(
    fc.property(
      // A copy is distinguished from a continuation by its beginning. A log of one second could be either.
      log.filter((lines) => (lines.at(-1)?.second ?? 0) > (lines[0]?.second ?? 0)),
      cut,
      (lines, place) => {
        const whole = new Set(idsOf([lines]));
        expect(new Set(idsOf([lines, lines]))).toEqual(whole);
        const part = lines.slice(0, placeIn(lines, place));
        if ((part.at(-1)?.second ?? 0) > (lines[0]?.second ?? 0)) expect(new Set(idsOf([part, lines]))).toEqual(whole);
      },
    ),
  );
});

test("whatever is replayed in whatever order, all ids are in the whole log, so nothing is stored twice", () => {
  fc.assert(
    fc.property(lateLog, fc.array(fc.tuple(cut, cut), { maxLength: 6 }), (lines, parts) => {
      const whole = new Set(idsOf([lines]));
      for (const [a, b] of parts) {
        const [from = 0, to = 0] = [placeIn(lines, a), placeIn(lines, b)].sort((x, y) => x - y);
        for (const id of idsOf([lines.slice(from, to)])) expect(whole.has(id)).toBe(true);
      }
    }),
  );
});

test("equal lines of two sources are different events", () => {
  const lines = [{ second: 1, path: "/" }];
  expect(idsOf([lines], "web-1")).not.toEqual(idsOf([lines], "web-2"));
});

test("equal lines are distinguished across as many other lines as are remembered", () => {
  const ids = new LineIds("web-1", 100);
  const first = ids.next("a", SECOND);
  for (let i = 0; i < 99; i++) ids.next(`other ${i}`, SECOND);
  expect(ids.next("a", SECOND)).not.toBe(first);
  for (let i = 0; i < 1_000; i++) ids.next(`more ${i}`, SECOND);
  expect(ids.next("a", SECOND)).toBe(first);
});
