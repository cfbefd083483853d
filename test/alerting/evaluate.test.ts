import fc from "fast-check";
import { expect, it } from "vitest";
import { evaluate } from "../../src/alerting/evaluate";

const number = fc.nat({ max: 1000 });

it("alerts begin and end alternately, whatever is measured", () => {
  const measured = fc.array(fc.record({ failures: number, stored: number }));
  fc.assert(
    fc.property(measured, number, fc.double({ min: 0.01, max: 1, noNaN: true }), (windows, least, share) => {
      const threshold = { share, at_least: least + 1 };
      let state: "ok" | "firing" = "ok";
      for (const window of windows) {
        const kind = evaluate(state, threshold, window);
        if (kind !== null) state = kind === "begin" ? "firing" : "ok";
        const share = window.failures / (window.failures + window.stored);
        expect(state === "firing").toBe(window.failures > least && share >= threshold.share);
      }
    }),
  );
});

it("a number of failures is a sufficient threshold", () => {
  expect(evaluate("ok", { failures: 3 }, { failures: 3, stored: 0 })).toBe("begin");
  expect(evaluate("ok", { failures: 3 }, { failures: 2, stored: 0 })).toBeNull();
  expect(evaluate("firing", { failures: 3 }, { failures: 2, stored: 0 })).toBe("end");
});
