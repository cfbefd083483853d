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

it("takes one number of the storage, and nothing where there is none", () => {
  expect(evaluate("ok", { days_left: 7 }, { value: 7 })).toBe("begin");
  expect(evaluate("ok", { days_left: 7 }, { value: 7.1 })).toBeNull();
  expect(evaluate("firing", { days_left: 7 }, { value: null })).toBe("end");
  expect(evaluate("ok", { backlog: 100 }, { value: 100 })).toBe("begin");
  expect(evaluate("ok", { backlog: 100 }, { value: 99 })).toBeNull();
  expect(evaluate("ok", { archive_hours: 2 }, { value: 2.5 })).toBe("begin");
  expect(evaluate("firing", { archive_hours: 2 }, { value: 0 })).toBe("end");
});

it("takes a number of failures by itself", () => {
  expect(evaluate("ok", { failures: 3 }, { failures: 3, stored: 0 })).toBe("begin");
  expect(evaluate("ok", { failures: 3 }, { failures: 2, stored: 0 })).toBeNull();
  expect(evaluate("firing", { failures: 3 }, { failures: 2, stored: 0 })).toBe("end");
});
