import { isJsonObject } from "../model/event/event";
import type { EventTypeRule, Mode, RuleBook } from "../model/event/event-type";

/** A rule book, or the part of it that some events need. Plain values, which can be sent to a session's object. */
export type RuleSet = RuleBook;

/** A rule set with lookup by type. */
export interface Rules {
  unregistered: Mode;
  find(category: string, name: string): EventTypeRule | null;
}

/** No rules: every event type is accepted. */
export const NO_RULES: RuleSet = { unregistered: "accept", types: [] };

/** A unique key for an event type. Neither text may contain control characters. */
export function typeKey(category: string, name: string): string {
  return `${category}\u0000${name}`;
}

export function rulesOf({ unregistered, types }: RuleSet): Rules {
  const byType = new Map(types.map((type) => [typeKey(type.category, type.name), type]));
  return { unregistered, find: (category, name) => byType.get(typeKey(category, name)) ?? null };
}

/** A rule book that can select the rules for some events. */
export interface IndexedRules extends Rules {
  /** The rules that these events need, whatever JSON values they are. */
  only(events: Iterable<unknown>): RuleSet;
}

export function indexRules(book: RuleBook): IndexedRules {
  const rules = rulesOf(book);
  return {
    ...rules,
    only(events) {
      if (book.types.length === 0) return book;
      const found = new Set<EventTypeRule>();
      for (const event of events) {
        if (!isJsonObject(event)) continue;
        const { category, name } = event;
        if (typeof category !== "string" || typeof name !== "string") continue;
        const rule = rules.find(category, name);
        if (rule !== null) found.add(rule);
      }
      return { unregistered: rules.unregistered, types: [...found] };
    },
  };
}
