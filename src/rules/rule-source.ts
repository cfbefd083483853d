import type { RuleBook } from "../model/event/event-type";
import type { Micros } from "../model/time/time";
import { type IndexedRules, indexRules } from "./rules";
import { type LoadedEpoch, type RulesInForce, rulesInForce } from "./rules-in-force";
import { createSharedReads } from "./shared-reads";

/** How old an isolate's knowledge may be, at most, when it validates an event; less where changes come into force sooner. */
export const MAX_RULES_AGE_MS = 30_000;

/** Rule books that an isolate keeps. Nearly all events need the newest; redelivered and dead letters need older ones. */
export const MAX_KEPT_RULE_BOOKS = 8;

/** Reads the rules where they are kept. Both throw what the database throws. */
export interface RuleLoader {
  /**
   * The moments after `after` at which rules came or will come into force, ascending. A change that is made later gets a
   * later moment than all of these, so that a moment's rule book never changes.
   */
  epochs(after: Micros): Promise<Micros[]>;
  /** The rules that are in force from an epoch on. 0: those before the first change. */
  rulesOf(since: Micros): Promise<RuleBook>;
}

export interface RuleSourceOptions {
  /** From a change until it is in force, in milliseconds. */
  leadMs: number;
  /** Milliseconds since 1970. */
  now?: () => number;
}

export interface RuleSource {
  /**
   * The rules that were in force at these receipts.
   *
   * @throws what the loader throws. Then nothing may be validated: older knowledge could give another verdict than a later
   * delivery gets.
   */
  read(receipts: Iterable<Micros>): Promise<RulesInForce>;
  /**
   * The rules in force at one moment, which may lie ahead by the lead.
   *
   * @throws what the loader throws
   */
  readLatest(moment: Micros): Promise<IndexedRules>;
}

interface Knowledge {
  /** When the read began: what was changed later may be missing. */
  readAt: number;
  /** Ascending, from 0. */
  epochs: readonly Micros[];
}

/**
 * Keeps the rules of an isolate. A change is in force only after the lead, so knowledge that was read at a moment is
 * complete for all receipts until that moment plus the lead. Half of the lead is left for slow commits and for clocks
 * that differ.
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
    // Without a lead a read that began before may lack what is in force already.
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

/** The epochs in which these moments lie. */
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

/** Searched from the end: nearly every moment lies in the newest epoch. */
function rangeOf(moment: Micros, epochs: readonly Micros[]): Range {
  const place = epochs.findLastIndex((since) => since <= moment);
  return { since: epochs[place] ?? 0, until: epochs[place + 1] ?? Number.POSITIVE_INFINITY };
}
