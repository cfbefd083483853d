import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EventTypeRule } from "../../src/model/event/event-type";
import { indexRules } from "../../src/rules/rules";
import { rulesAmong, rulesInForce } from "../../src/rules/rules-in-force";

const rule = (name: string, version: number): EventTypeRule => ({
  ...{ category: "c", name, version, mode: "accept", schema_mode: "enforce", schema: null },
});

const bookOf = (version: number) =>
  indexRules({ unregistered: "accept", types: [rule("n", version), rule("other", version)] });

const FIRST = { since: 0, until: 100, rules: bookOf(1) };
const SECOND = { since: 100, until: 200, rules: bookOf(2) };
const LAST = { since: 200, until: Number.POSITIVE_INFINITY, rules: bookOf(3) };
const event = { category: "c", name: "n" };

describe("the rules in force", () => {
  it("are found by the receipt, to the microsecond", () => {
    const rules = rulesInForce([LAST, FIRST, SECOND]);
    const versionAt = (receivedAt: number) => rules.at(receivedAt).find("c", "n")?.version;
    expect([0, 99, 100, 199, 200, 1e15].map(versionAt)).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it("are refused for a time whose rules were not loaded", () => {
    const rules = rulesInForce([SECOND]);
    for (const receivedAt of [99, 200]) {
      expect(() => rules.at(receivedAt)).toThrow("The rules in force at 1970-01-01T00:00:00.000");
      expect(() => rules.only([{ receivedAt, event }])).toThrow("were not loaded");
    }
  });

  it("are reduced to those that the events of each epoch need", () => {
    const rules = rulesInForce([FIRST, SECOND, LAST]);
    const some = [
      { receivedAt: 250, event },
      { receivedAt: 10, event: { category: "c", name: "other" } },
      { receivedAt: 251, event },
      { receivedAt: 11, event: 7 },
      { receivedAt: 12, event: { category: 7 } },
    ];
    expect(rules.only(some)).toEqual([
      { since: 0, rules: { unregistered: "accept", types: [rule("other", 1)] } },
      { since: 200, rules: { unregistered: "accept", types: [rule("n", 3)] } },
    ]);
    expect(rules.only([])).toEqual([]);
  });

  it("are the same after a structured clone", () => {
    const moment = fc.integer({ min: 0, max: 300 });
    const rules = rulesInForce([FIRST, SECOND, LAST]);
    fc.assert(
      fc.property(fc.array(moment, { minLength: 1 }), (receipts) => {
        const sent = structuredClone(rules.only(receipts.map((receivedAt) => ({ receivedAt, event }))));
        const rulesAt = rulesAmong(sent);
        for (const receivedAt of receipts) {
          expect(rulesAt(receivedAt).find("c", "n")).toEqual(rules.at(receivedAt).find("c", "n"));
        }
      }),
    );
  });

  it("are indexed once for each epoch", () => {
    const sent = rulesInForce([FIRST, SECOND]).only([
      { receivedAt: 1, event },
      { receivedAt: 101, event },
    ]);
    const rulesAt = rulesAmong(sent);
    expect(rulesAt(1)).toBe(rulesAt(99));
    expect(rulesAt(101)).not.toBe(rulesAt(1));
    expect(() => rulesAmong(sent.slice(1))(1)).toThrow("No rules are in force at 1970");
  });
});
