import type { RuleBook } from "../model/event/event-type";
import type { Micros } from "../model/time/time";
import { type IndexedRules, indexRules } from "./rules";
import { type LoadedEpoch, type RulesInForce, rulesInForce } from "./rules-in-force";
import { createSharedReads } from "./shared-reads";

/** The maximum age of an isolate's rules when it validates an event. It is less if changes take effect sooner. */
export const MAX_RULES_AGE_MS = 30_000;

/**
 * Rule books that an isolate keeps. Nearly all events need the newest; redelivered messages and dead letters need older
 * ones.
 */
export const MAX_KEPT_RULE_BOOKS = 8;

/** Loads rules from the database. Both functions throw what the database throws. */
export interface RuleLoader {
  /**
   * The times after `after` at which rules took or will take effect, ascending. A later change takes effect after all
   * of these, so the rules of a given time never change.
   */
  epochs(after: Micros): Promise<Micros[]>;
  /** The rules of the epoch that begins at `since`. 0: those before the first change. */
  rulesOf(since: Micros): Promise<RuleBook>;
}

export interface RuleSourceOptions {
  /** Milliseconds from a change until it takes effect. */
  leadMs: number;
  /** Milliseconds since 1970. */
  now?: () => number;
}

export interface RuleSource {
  /**
   * The rules that were in force at these times of receipt.
   *
   * @throws what the loader throws. Nothing may then be validated: older rules could give another verdict than a later
   *   delivery gets.
   */
  read(receipts: Iterable<Micros>): Promise<RulesInForce>;
  /**
   * The rules in force at one time, which may lie ahead by up to the lead.
   *
   * @throws what the loader throws
   */
  readLatest(moment: Micros): Promise<IndexedRules>;
}

interface Knowledge {
  /** When the read began. Later changes may be missing. */
  readAt: number;
  /** Ascending, from 0. */
  epochs: readonly Micros[];
}

/**
 * Caches the rules in an isolate. A change takes effect only after the lead, so a read is complete for all receipts up
 * to the time of the read plus the lead. Half of the lead is reserved for slow commits and clock differences.
 */
export function createRuleSource(load: RuleLoader, { leadMs, now = Date.now }: RuleSourceOptions): RuleSource {
  const maxAgeMs = Math.min(MAX_RULES_AGE_MS, leadMs / 2);
  const sharedEpochs = createSharedReads<"epochs", Knowledge>();
  const sharedBooks = createSharedReads<Micros, IndexedRules>();
  const books = new Map<Micros, IndexedRules>();
  let kept: Knowledge = { readAt: Number.NEGATIVE_INFINITY, epochs: [0] };

  const isFresh = ({ readAt }: Knowledge, latest: Micros) =>
    now() - readAt < maxAgeMs && latest <= (readAt + leadMs) * 1000;

  const readEpochs = async (): Promise<Knowledge> => {
    const readAt = now();
    const { epochs: before } = kept;
    const newer = await load.epochs(before.at(-1) ?? 0);
    const read = { readAt, epochs: newer.length === 0 ? before : [...before, ...newer] };
    if (read.readAt >= kept.readAt) kept = read;
    return read;
  };

  const epochsUntil = async (latest: Micros): Promise<readonly Micros[]> => {
    if (isFresh(kept, latest)) return kept.epochs;
    // Without a lead, a shared read that began earlier may miss a change that is already in force.
    if (leadMs === 0) return (await readEpochs()).epochs;
    const askedAt = now();
    const shared = await sharedEpochs.get("epochs", readEpochs);
    return (shared.readAt >= askedAt || isFresh(shared, latest) ? shared : await readEpochs()).epochs;
  };

  const keep = (since: Micros, book: IndexedRules): IndexedRules => {
    books.delete(since);
    books.set(since, book);
    for (const oldest of books.keys()) {
      if (books.size <= MAX_KEPT_RULE_BOOKS) break;
      books.delete(oldest);
    }
    return book;
  };

  const bookOf = async (since: Micros): Promise<IndexedRules> => {
    const known = books.get(since);
    if (known !== undefined) return keep(since, known);
    return sharedBooks.get(since, async () => keep(since, indexRules(await load.rulesOf(since))));
  };

  const read = async (receipts: Iterable<Micros>): Promise<RulesInForce> => {
    const moments = Array.from(receipts);
    if (moments.length === 0) return rulesInForce([]);
    const latest = moments.reduce((a, b) => Math.max(a, b));
    const ranges = rangesOf(moments, await epochsUntil(latest));
    const loaded = ranges.map(async (range): Promise<LoadedEpoch> => ({ ...range, rules: await bookOf(range.since) }));
    return rulesInForce(await Promise.all(loaded));
  };

  return { read, readLatest: async (moment) => (await read([moment])).at(moment) };
}

type Range = Pick<LoadedEpoch, "since" | "until">;

/** The epochs that contain these times. */
function rangesOf(moments: readonly Micros[], epochs: readonly Micros[]): Range[] {
  const ranges = new Map<Micros, Range>();
  let current: Range | null = null;
  for (const moment of moments) {
    if (current !== null && current.since <= moment && moment < current.until) continue;
    current = rangeOf(moment, epochs);
    ranges.set(current.since, current);
  }
  return [...ranges.values()];
}

/** The search starts at the end, since nearly every time lies in the newest epoch. */
function rangeOf(moment: Micros, epochs: readonly Micros[]): Range {
  const place = epochs.findLastIndex((since) => since <= moment);
  return { since: epochs[place] ?? 0, until: epochs[place + 1] ?? Number.POSITIVE_INFINITY };
}
