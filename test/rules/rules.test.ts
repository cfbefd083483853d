import { describe, expect, it } from "vitest";
import type { EventTypeRule } from "../../src/model/event/event-type";
import { indexRules, NO_RULES, rulesOf, typeKey } from "../../src/rules/rules";

const typeOf = (category: string, name: string): EventTypeRule => ({
  ...{ category, name, version: 1, mode: "accept", schema_mode: "enforce", schema: null },
});
const view = typeOf("page", "view");
const click = typeOf("page", "click");
const book = { unregistered: "reject" as const, types: [view, click] };

describe("rules", () => {
  it("find a type by its category and name and no other", () => {
    const rules = rulesOf(book);
    expect(rules.find("page", "view")).toBe(view);
    expect(rules.find("view", "page")).toBeNull();
    expect(rules.find("constructor", "__proto__")).toBeNull();
  });

  it("distinguish types whose joined texts are equal", () => {
    expect(typeKey("a b", "c")).not.toBe(typeKey("a", "b c"));
  });
});

describe("the part of the rules that some events need", () => {
  it("has each of their types once and the mode for unregistered types", () => {
    const events = [view, view, { category: "page", name: "unknown" }, { category: 1, name: null }, "text", null];
    expect(indexRules(book).only(events)).toEqual({ unregistered: "reject", types: [view] });
  });

  it("is the whole book if it is empty", () => {
    expect(indexRules(NO_RULES).only([view])).toBe(NO_RULES);
  });
});
