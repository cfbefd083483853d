import {
  ACTIVITY_SLOT_MICROS,
  LONG_SESSION_EVENTS,
  LONG_SESSION_MEMORY_MS,
  MAX_REMEMBERED_EVENTS,
  SESSION_MEMORY_MS,
} from "../model/limits";
import type { Micros } from "../model/time";
import type { SessionHistory } from "../storage/session-history";
import type { FailedEntry, Known, StoredEntry } from "./session-decision";
import type { SessionIndex } from "./session-index";
import type { About, Segment } from "./session-log";

/**
 * Slots of activity that are kept of entries that lie elsewhere, with every segment: those of a day. An older slot may be
 * opened once more, which the list of sessions sees through.
 */
const MAX_NAMED_SLOTS = 96;

/** What is known of one session, held ready. What it is made of lies in the log, and beyond MAX_REMEMBERED_EVENTS in the index. */
export class SessionMemory {
  private readonly stored = new Map<string, StoredEntry>();
  private readonly failed = new Map<string, FailedEntry>();
  private readonly slots: Set<number>;

  private constructor(
    private readonly session: string,
    private readonly index: SessionIndex,
    private about: About,
  ) {
    this.slots = new Set([...(about.indexedSlots ?? []), ...(about.forgotten?.openSlots ?? [])]);
  }

  /** The memory that a session's segments are, or null if there are none. */
  static from(session: string, index: SessionIndex, segments: Segment[]): SessionMemory | null {
    const abouts = segments.map(({ about }) => about);
    if (abouts[0] === undefined) return null;
    const memory = new SessionMemory(session, index, abouts.reduce(laterOf));
    for (const { stored, failed } of segments) memory.keep(stored, failed);
    return memory;
  }

  /**
   * The memory of a session that begins, or of one that D1 knows and its group does not. Nothing is written yet.
   *
   * @param known.since the number of the log's next row
   */
  static begin(
    session: string,
    index: SessionIndex,
    known: Pick<About, "database" | "forgotten" | "since">,
  ): SessionMemory {
    return new SessionMemory(session, index, { ...known, lastSequence: 0, keepUntil: 0 });
  }

  get database(): number {
    return this.about.database;
  }

  /** Until when what D1 must be asked about occurred. Null: all of the session. */
  get forgottenUntil(): Micros | null {
    return this.about.forgotten?.until ?? null;
  }

  /** Entries held ready. */
  get size(): number {
    return this.stored.size + this.failed.size;
  }

  /**
   * Takes what D1 tells of what was forgotten: of the session as a whole the first time, and each time of what arrives.
   *
   * @returns false: something is missing
   */
  learn(history: SessionHistory | undefined): boolean {
    if (this.about.forgotten === null) return true;
    if (history === undefined) return false;
    if (this.about.forgotten.until !== null) return true;
    // It may have been asked for what another memory missed, which is forgotten by now.
    if (history.summary === null) return false;
    const { lastSequence, openSlots, until } = history.summary;
    this.about = { ...this.about, lastSequence, forgotten: { until, openSlots: newest(openSlots) } };
    for (const slot of openSlots) this.slots.add(slot);
    return true;
  }

  /** What is known of these arrivals' ids and failures. `errorIds` are asked for only where a failure is remembered. */
  recall(ids: string[], errorIds: () => string[]): Known {
    const isIndexed = this.about.indexedSlots !== undefined;
    const hasFailures = this.failed.size > 0 || isIndexed;
    const [stored, missing] = lookUp(ids, this.stored);
    const [failed, missingFailures] = lookUp(hasFailures ? errorIds() : [], this.failed);
    if (isIndexed && missing.length > 0) {
      for (const [id, entry] of this.index.findStored(this.session, missing)) stored.set(id, entry);
    }
    if (isIndexed && missingFailures.length > 0) {
      for (const [id, entry] of this.index.findFailed(this.session, missingFailures)) failed.set(id, entry);
    }
    const { lastSequence } = this.about;
    return { stored, failed, lastSequence, isActiveIn: (slot) => this.slots.has(slot) };
  }

  /**
   * Takes what a call added.
   *
   * @param call.upcoming the number of the log's next row
   * @returns what must be written of it before it is told
   */
  remember(
    stored: StoredEntry[],
    failed: FailedEntry[],
    { now, upcoming }: { now: number; upcoming: number },
  ): Segment {
    const lastSequence = stored.reduce((highest, { sequence }) => Math.max(highest, sequence), this.about.lastSequence);
    const isLong = lastSequence >= LONG_SESSION_EVENTS;
    const keepUntil = now + (isLong ? LONG_SESSION_MEMORY_MS : SESSION_MEMORY_MS);
    this.about = { ...this.about, lastSequence, keepUntil };
    this.keep(stored, failed);
    const { session } = this;
    if (this.size <= MAX_REMEMBERED_EVENTS) return { session, stored, failed, about: this.about };
    this.moveToIndex(upcoming);
    return { session, stored: [], failed: [], about: this.about };
  }

  private keep(stored: StoredEntry[], failed: FailedEntry[]): void {
    for (const entry of stored) {
      this.stored.set(entry.id, entry);
      this.slots.add(Math.floor(entry.occurredAt / ACTIVITY_SLOT_MICROS));
    }
    for (const entry of failed) this.failed.set(entry.errorId, entry);
  }

  /** Empties the memory into the index: a row an event, for sessions of many thousands only. */
  private moveToIndex(upcoming: number): void {
    this.index.add(this.session, this.stored.values(), this.failed.values());
    this.stored.clear();
    this.failed.clear();
    this.about = { ...this.about, since: upcoming, indexedSlots: newest([...this.slots]) };
  }
}

/** Segments are carried on from row to row, so that the last written need not be the latest. */
function laterOf(a: About, b: About): About {
  const lastSequence = Math.max(a.lastSequence, b.lastSequence);
  return { ...a, lastSequence, keepUntil: Math.max(a.keepUntil, b.keepUntil) };
}

function newest(slots: number[]): number[] {
  return slots.toSorted((a, b) => b - a).slice(0, MAX_NAMED_SLOTS);
}

function lookUp<Entry>(ids: string[], among: Map<string, Entry>): [found: Map<string, Entry>, missing: string[]] {
  const found = new Map<string, Entry>();
  const missing: string[] = [];
  for (const id of ids) {
    const entry = among.get(id);
    if (entry === undefined) missing.push(id);
    else found.set(id, entry);
  }
  return [found, missing];
}
