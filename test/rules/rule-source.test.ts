import { describe, expect, it } from "vitest";
import type { RuleBook } from "../../src/model/event/event-type";
import type { Micros } from "../../src/model/time/time";
import { createRuleSource, MAX_KEPT_RULE_BOOKS, MAX_RULES_AGE_MS } from "../../src/rules/rule-source";

const LEAD_MS = 60_000;

/** A database of rules. Each book has one type, named after its epoch. */
function fakeRules(leadMs = LEAD_MS) {
  const epochs: Micros[] = [];
  const asked: (string | Micros)[] = [];
  const state = { now: 1_000_000, isAway: false };
  const bookOf = (since: Micros): RuleBook => ({
    unregistered: "accept",
    types: [{ category: "c", name: String(since), version: 1, mode: "accept", schema_mode: "enforce", schema: null }],
  });
  const answer = async <Value>(question: string | Micros, value: () => Value): Promise<Value> => {
    asked.push(question);
    if (state.isAway) throw new Error("D1 is away");
    await Promise.resolve();
    return value();
  };
  const source = createRuleSource(
    {
      epochs: (after) => answer("epochs", () => epochs.filter((since) => since > after)),
      rulesOf: (since) => answer(since, () => bookOf(since)),
    },
    { leadMs, now: () => state.now },
  );
  /** A change that is made now. */
  const change = () => {
    const since = (state.now + leadMs) * 1000;
    epochs.push(since);
    return since;
  };
  /** The epoch whose rules are in force at a time. */
  const epochAt = async (moment: Micros) => {
    const rules = (await source.read([moment])).at(moment);
    return [0, ...epochs].find((since) => rules.find("c", String(since)) !== null);
  };
  const micros = () => state.now * 1000;
  return { state, asked, source, change, epochAt, micros };
}

describe("the rules of an isolate", () => {
  it("are those in force at the receipt, whenever they are read", async () => {
    const { state, change, epochAt, micros } = fakeRules();
    expect(await epochAt(micros())).toBe(0);
    const since = change();
    state.now += 2 * LEAD_MS;
    expect(await epochAt(since - 1)).toBe(0);
    expect(await epochAt(since)).toBe(since);
    expect(await epochAt(micros())).toBe(since);
  });

  it("are known before they take effect, even with the oldest allowed cache", async () => {
    const { state, change, epochAt, micros } = fakeRules();
    await epochAt(micros());
    const since = change();
    for (; state.now * 1000 < since + 60_000_000; state.now += 999) {
      expect(await epochAt(micros())).toBe(micros() < since ? 0 : since);
    }
  });

  it.each([
    ["at most 30 s", LEAD_MS, MAX_RULES_AGE_MS],
    ["half of a short lead", 2_000, 1_000],
  ])("are read again after %s", async (_, leadMs, maxAgeMs) => {
    const { state, asked, epochAt, micros } = fakeRules(leadMs);
    await epochAt(micros());
    state.now += maxAgeMs - 1;
    await epochAt(micros());
    expect(asked).toEqual(["epochs", 0]);
    state.now += 1;
    await epochAt(micros());
    expect(asked).toEqual(["epochs", 0, "epochs"]);
  });

  it("are read each time if changes take effect immediately", async () => {
    const { asked, change, epochAt, micros } = fakeRules(0);
    await epochAt(micros());
    const since = change();
    expect(await epochAt(micros())).toBe(since);
    expect(asked).toEqual(["epochs", 0, "epochs", since]);
  });

  it("are read again for a time beyond the cached range", async () => {
    const { state, change, source, epochAt, micros } = fakeRules();
    await epochAt(micros());
    state.now += 5;
    const since = change();
    const rules = await source.readLatest(micros() + LEAD_MS * 1000);
    expect(rules.find("c", String(since))).not.toBeNull();
  });

  it("are not taken from older reads if they cannot be read", async () => {
    const { state, epochAt, micros } = fakeRules();
    await epochAt(micros());
    state.now += MAX_RULES_AGE_MS;
    state.isAway = true;
    await expect(epochAt(micros())).rejects.toThrow("D1 is away");
    await expect(epochAt(micros())).rejects.toThrow("D1 is away");
    state.isAway = false;
    expect(await epochAt(micros())).toBe(0);
  });

  it("are read once for concurrent callers", async () => {
    const { asked, epochAt, micros } = fakeRules();
    await Promise.all(Array.from({ length: 5 }, () => epochAt(micros())));
    expect(asked).toEqual(["epochs", 0]);
  });

  it("include several epochs for a batch that needs them", async () => {
    const { state, source, change, micros } = fakeRules();
    const changes = Array.from({ length: MAX_KEPT_RULE_BOOKS + 2 }, () => {
      state.now += 1_000;
      return change();
    });
    state.now += 2 * LEAD_MS;
    const receipts = [0, ...changes].flatMap((since) => [since, since + 1, micros()]);
    const rules = await source.read(receipts);
    for (const receipt of receipts) {
      const since = changes.findLast((one) => one <= receipt) ?? 0;
      expect(rules.at(receipt).find("c", String(since))).not.toBeNull();
    }
  });

  it("are cached for the most recently used epochs", async () => {
    const { state, asked, change, epochAt } = fakeRules();
    const changes = Array.from({ length: MAX_KEPT_RULE_BOOKS }, () => {
      state.now += 1_000;
      return change();
    });
    state.now += 2 * LEAD_MS;
    for (const since of [0, ...changes.slice(1), 0, ...changes]) await epochAt(since);
    asked.length = 0;
    await epochAt(0);
    expect(asked).toEqual([0]);
    for (const since of changes.slice(1)) await epochAt(since);
    expect(asked).toEqual([0]);
  });

  it("are not read if there is nothing to validate", async () => {
    const { asked, source } = fakeRules();
    await source.read([]);
    expect(asked).toEqual([]);
  });
});
