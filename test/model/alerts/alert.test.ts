import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { AlertNameSchema, AlertRuleSchema, isOfStorage, ThresholdSchema } from "../../../src/model/alerts/alert";

describe("a threshold", () => {
  it.each<[unknown, boolean]>([
    [{ failures: 1 }, false],
    [{ share: 1, at_least: 20 }, false],
    [{ days_left: 3_650 }, true],
    [{ backlog: 1 }, true],
    [{ archive_hours: 6 }, true],
    [{ metric: "events", above: 0 }, false],
  ])("%j is accepted; it concerns the whole deployment: %s", (threshold, isStorage) => {
    expect(isOfStorage(v.parse(ThresholdSchema, threshold))).toBe(isStorage);
  });

  it.each<unknown>([{}, { failures: "5" }, { failures: 1, backlog: 1 }, { at_least: 1 }, null])(
    "%j is refused, with every form",
    (threshold) => {
      const { issues = [] } = v.safeParse(ThresholdSchema, threshold);
      expect(issues[0]?.message).toContain('{"failures": 5}');
      expect(issues[0]?.message).toContain('{"metric": "events", "above": 1000}');
    },
  );

  it.each<unknown>([{ failures: 0 }, { failures: 1.5 }, { share: 0 }, { share: 1.01 }, { days_left: 3_651 }])(
    "%j is refused, since its number is out of range",
    (threshold) => {
      expect(v.is(ThresholdSchema, threshold)).toBe(false);
    },
  );

  it("of a share needs one failure, unless it says otherwise", () => {
    expect(v.parse(ThresholdSchema, { share: 0.5 })).toEqual({ share: 0.5, at_least: 1 });
  });
});

describe("AlertRuleSchema", () => {
  const rule = { threshold: { failures: 5 }, webhook: { url: "https://hooks.example" } };

  it("sends JSON, unless the rule says otherwise", () => {
    expect(v.parse(AlertRuleSchema, rule).webhook.format).toBe("json");
  });

  it.each([
    [{ window_minutes: 1 }, true],
    [{ window_minutes: 1_440 }, true],
    [{ window_minutes: 0 }, false],
    [{ window_minutes: 1_441 }, false],
    [{ name: "pageview" }, false],
    [{ webhook: { url: "x", format: "xml" } }, false],
  ])("decides whether %j is valid: %s", (changes, isValid) => {
    expect(v.is(AlertRuleSchema, { ...rule, ...changes })).toBe(isValid);
  });
});

it.each([
  ["a", true],
  ["Shop.failures-1_x", true],
  ["x".repeat(64), true],
  ["x".repeat(65), false],
  ["", false],
  [".a", false],
  ["a b", false],
  ["a/b", false],
])("decides whether %j names an alert: %s", (name, isValid) => {
  expect(v.is(AlertNameSchema, name)).toBe(isValid);
});
