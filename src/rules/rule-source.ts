import * as v from "valibot";
import { RULES_KEY, RuleBookSchema } from "../model/event-type";
import { type IndexedRules, indexRules, NO_RULES } from "./rules";

/** KV's own cache, at its shortest. */
export const RULES_KV_CACHE_SECONDS = 30;

/** How long an isolate uses what it has read. With KV's cache and propagation: a change works within about a minute. */
export const RULES_FRESH_MS = 15_000;

/**
 * How long an isolate may go on with what it has read while KV fails. After that nothing is judged, rather than by rules
 * that nobody can change any more.
 */
export const RULES_STALE_MS = 600_000;

export interface RuleSource {
  read: (keys: KVNamespace) => Promise<IndexedRules>;
  /** Forgets what was read: the isolate that changes the rules goes by them at once, as far as KV shows them. */
  forget: () => void;
}

/**
 * Reads the rule book from KV, and keeps it for a bounded time.
 *
 * @throws what KV throws, or what makes the book unreadable, where nothing that was read before will do. Whoever asked
 * must wait: an event that is judged without its rules would keep that verdict.
 */
export function createRuleSource(now: () => number = Date.now): RuleSource {
  let kept: { text: string | null; rules: IndexedRules; readAt: number } | null = null;
  const read = async (keys: KVNamespace) => {
    const age = kept === null ? Number.POSITIVE_INFINITY : now() - kept.readAt;
    if (kept !== null && age < RULES_FRESH_MS) return kept.rules;
    try {
      const text = await keys.get(RULES_KEY, { type: "text", cacheTtl: RULES_KV_CACHE_SECONDS });
      const rules = kept !== null && kept.text === text ? kept.rules : parse(text);
      kept = { text, rules, readAt: now() };
      return rules;
    } catch (thrown) {
      if (kept !== null && age < RULES_STALE_MS) return kept.rules;
      throw thrown;
    }
  };
  const forget = () => {
    kept = null;
  };
  return { read, forget };
}

function parse(text: string | null): IndexedRules {
  return indexRules(text === null ? NO_RULES : v.parse(RuleBookSchema, JSON.parse(text)));
}

/** One for each isolate. */
export const isolateRules = createRuleSource();
