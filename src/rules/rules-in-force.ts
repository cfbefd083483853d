import { formatTimestamp, type Micros } from "../model/time/time";
import { type IndexedRules, type RuleSet, type Rules, rulesOf } from "./rules";

/** The rules that are in force from a time until the next epoch. Plain values. */
export interface RuleEpoch {
  since: Micros;
  rules: RuleSet;
}

/** The rules for validating a batch: those in force when its events were received. */
export interface RulesInForce {
  /** @throws Error if the rules of that time were not loaded */
  at(receivedAt: Micros): IndexedRules;
  /**
   * The epochs and rules that these events need, ascending, to send to a session's object.
   *
   * @throws Error if the rules of one of these times were not loaded
   */
  only(events: Iterable<{ receivedAt: Micros; event: unknown }>): RuleEpoch[];
}

/** An epoch with its whole rule book. */
export interface LoadedEpoch {
  since: Micros;
  /** When these rules stop being in force. Infinity: no later rules are known. */
  until: Micros;
  rules: IndexedRules;
}

/** @param epochs in any order; they may leave gaps */
export function rulesInForce(epochs: readonly LoadedEpoch[]): RulesInForce {
  const find = (receivedAt: Micros): LoadedEpoch => {
    for (const epoch of epochs) if (epoch.since <= receivedAt && receivedAt < epoch.until) return epoch;
    throw new Error(`The rules in force at ${formatTimestamp(receivedAt)} were not loaded.`);
  };
  return {
    at: (receivedAt) => find(receivedAt).rules,
    only(events) {
      const byEpoch = new Map<LoadedEpoch, unknown[]>();
      let current: LoadedEpoch | null = null;
      let own: unknown[] = [];
      for (const { receivedAt, event } of events) {
        // Usually there is one epoch; otherwise events of one epoch mostly follow each other.
        if (current === null || receivedAt < current.since || receivedAt >= current.until) {
          current = find(receivedAt);
          own = byEpoch.get(current) ?? [];
          byEpoch.set(current, own);
        }
        own.push(event);
      }
      return [...byEpoch]
        .map(([{ since, rules }, some]) => ({ since, rules: rules.only(some) }))
        .sort((a, b) => a.since - b.since);
    },
  };
}

/**
 * Finds the rules of a time among the epochs that `RulesInForce.only` returned.
 *
 * @param epochs ascending
 * @returns a function that throws an Error if all of them begin later than the time
 */
export function rulesAmong(epochs: readonly RuleEpoch[]): (receivedAt: Micros) => Rules {
  const built = new Map<RuleEpoch, Rules>();
  return (receivedAt) => {
    const epoch = epochs.findLast(({ since }) => since <= receivedAt);
    if (epoch === undefined) throw new Error(`No rules are in force at ${formatTimestamp(receivedAt)}.`);
    const known = built.get(epoch);
    if (known !== undefined) return known;
    const rules = rulesOf(epoch.rules);
    built.set(epoch, rules);
    return rules;
  };
}
