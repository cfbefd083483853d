import type { EventTypeRule, Mode, RuleBook } from "../model/event-type";

/** What event types are judged by. Plain values, so that a part of them can travel to a group of sessions. */
export interface RuleSet {
  /** What becomes of events of an unregistered type. */
  unregistered: Mode;
  types: EventTypeRule[];
}

/** The same, to look types up in. */
export interface Rules {
  unregistered: Mode;
  find(category: string, name: string): EventTypeRule | null;
}

/** Without any rule every event type passes. */
export const NO_RULES: RuleSet = { unregistered: "accept", types: [] };

/** A key that no two event types share: no control character may stand in either text. */
export function typeKey(category: string, name: string): string {
  return `${category}\u0000${name}`;
}

export function rulesOf({ unregistered, types }: RuleSet): Rules {
  const byType = new Map(types.map((type) => [typeKey(type.category, type.name), type]));
  return { unregistered, find: (category, name) => byType.get(typeKey(category, name)) ?? null };
}

/** The rule book as the consumer keeps it. */
export interface IndexedRules extends Rules {
  /** The rules that these types need: what a group of sessions is sent. */
  only(types: Iterable<{ category?: unknown; name?: unknown }>): RuleSet;
}

export function indexRules(book: RuleBook | RuleSet): IndexedRules {
  const rules = rulesOf(book);
  return {
    ...rules,
    only(types) {
      const found = new Map<string, EventTypeRule>();
      if (book.types.length === 0) return book;
      for (const { category, name } of types) {
        if (typeof category !== "string" || typeof name !== "string") continue;
        const rule = rules.find(category, name);
        if (rule !== null) found.set(typeKey(category, name), rule);
      }
      return { unregistered: rules.unregistered, types: [...found.values()] };
    },
  };
}
