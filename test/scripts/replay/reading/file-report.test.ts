import { expect, test } from "vitest";
import { emptyReport, isMisunderstood, misunderstanding } from "../../../../scripts/replay/reading/file-report.ts";

const report = { ...emptyReport("access.log"), format: "combined", lines: 5 };

test("a file is misunderstood if more lines are not understood than are requests of any kind", () => {
  expect(isMisunderstood(emptyReport("empty.log"))).toBe(false);
  expect(isMisunderstood({ ...report, events: 1, assets: 1, bots: 1, notUnderstood: 3 })).toBe(false);
  expect(isMisunderstood({ ...report, events: 1, assets: 1, bots: 1, notUnderstood: 4 })).toBe(true);
});

test("a refused file is misunderstood, and the message says that nothing was sent", () => {
  const refused = { ...report, refused: { understood: 1, considered: 20, guess: "It looks like CSV." } };
  expect(isMisunderstood(refused)).toBe(true);
  const message = misunderstanding({ ...refused, firstUnknown: { number: 3, text: "a;b;c" } });
  expect(message).toContain("of its first 20 lines, 1 are requests in a known format. Nothing of it was sent.");
  expect(message).toContain("It looks like CSV.");
  expect(message).toContain("is line 3:\n  a;b;c");
  expect(message).toMatch(/--format: .*combined/);
});

test("the message for a file that was sent says how many lines were not", () => {
  const message = misunderstanding({ ...report, notUnderstood: 4, events: 1 });
  expect(message).toContain(
    "access.log was taken for combined, but 4 of its 5 lines are not that. The others were sent.",
  );
  expect(message).not.toContain("The first line");
});
