import { utf8Bytes } from "../model/event";
import {
  ACTIVITY_SLOT_MICROS,
  MAX_REMEMBERED_EVENTS,
  MAX_SEGMENT_BYTES,
  SESSION_OBJECT_RETENTION_MS,
} from "../model/limits";
import type { Micros } from "../model/time";
import type { FailedEntry, Known, StoredEntry } from "./session-decision";
import type { Enlisting } from "./session-protocol";

/**
 * What one call added: one row of the object's storage, since rows written are the bill. Kept as JSON text: as a structured
 * clone it took 12 % of the Worker's CPU in `npm run bench:profile`, and 9 % so.
 */
interface Segment {
  stored: StoredEntry[];
  failed: FailedEntry[];
  about: About;
}

/** What the session knows of itself. Written with every segment; the last one counts. */
interface About {
  /** Index of the database in which the session lives. */
  database: number;
  /** Wall clock of the last call that added something, in milliseconds since 1970. */
  changedAt: number;
  /** True if D1 holds events of the session that this memory does not, so that it must be asked about unknown ids. */
  forgetful: boolean;
  lastSequence: number;
  /** Absent in memories that began when objects still set an alarm. */
  enlisting?: Enlisting;
}

/**
 * Slots kept when entries are moved into the index: a row takes 2 MB. An older slot may be opened once more, which the list
 * of sessions sees through.
 */
const MAX_SLOTS = 50_000;

const SEGMENT = "segment/";
/** Slots of activity of the entries that were moved into the index. */
const SLOTS = "slots";
const ABOUT = "about";

/**
 * The memory of one session object. Entries lie in one row per call and in the isolate's memory; once there are more than
 * MAX_REMEMBERED_EVENTS they are moved into an indexed table, so that a session of any length fits. All storage access is
 * synchronous: whatever one call changes is one transaction, and no other call sees half of it.
 */
export class SessionMemory {
  private stored = new Map<string, StoredEntry>();
  private failed = new Map<string, FailedEntry>();
  private slots = new Set<number>();
  private segments = 0;
  private hasIndex = false;

  private constructor(
    private readonly storage: DurableObjectStorage,
    private about: About,
  ) {}

  /** The memory that the object left in its storage, or null if it has none. */
  static load(storage: DurableObjectStorage): SessionMemory | null {
    const base = storage.kv.get<About>(ABOUT);
    const segments = [...storage.kv.list<string>({ prefix: SEGMENT })].map(([, text]): Segment => JSON.parse(text));
    const about = segments.at(-1)?.about ?? base;
    if (about === undefined) return null;
    const memory = new SessionMemory(storage, about);
    memory.segments = segments.length;
    memory.hasIndex = base !== undefined;
    memory.slots = new Set(storage.kv.get<number[]>(SLOTS));
    for (const { stored, failed } of segments) memory.keep(stored, failed);
    return memory;
  }

  /** The memory of a session that begins, or of one that D1 knows and its object has forgotten. Writes nothing yet. */
  static begin(storage: DurableObjectStorage, database: number, forgetful: boolean): SessionMemory {
    return new SessionMemory(storage, { database, forgetful, changedAt: 0, lastSequence: 0 });
  }

  get database(): number {
    return this.about.database;
  }

  get changedAt(): number {
    return this.about.changedAt;
  }

  get enlisting(): Enlisting | null {
    return this.about.enlisting ?? null;
  }

  get forgetful(): boolean {
    return this.about.forgetful;
  }

  /** What is known of these arrivals' ids and failures. `errorIds` are asked for only where a failure is remembered. */
  recall(ids: string[], errorIds: () => string[]): Known {
    const hasFailures = this.failed.size > 0 || this.hasIndex;
    return {
      stored: this.find(ids, "stored", this.stored),
      failed: hasFailures ? this.find(errorIds(), "failed", this.failed) : new Map(),
      lastSequence: this.about.lastSequence,
      isActiveIn: (slot) => this.slots.has(slot),
    };
  }

  /** Writes what a call added. One row, unless the call brought very many events at once. */
  remember(stored: StoredEntry[], failed: FailedEntry[], now: number): void {
    const lastSequence = stored.reduce((highest, { sequence }) => Math.max(highest, sequence), this.about.lastSequence);
    const about = { ...this.about, changedAt: now, lastSequence };
    if (this.segments === 0 && !this.hasIndex) {
      about.enlisting = {
        receivedAt: latestReceipt([...stored, ...failed]),
        cleanUpAt: now + SESSION_OBJECT_RETENTION_MS,
      };
    }
    for (const text of segmentTexts({ stored, failed, about })) {
      this.storage.kv.put(`${SEGMENT}${String(this.segments).padStart(9, "0")}`, text);
      this.segments += 1;
    }
    this.about = about;
    this.keep(stored, failed);
    if (this.stored.size + this.failed.size > MAX_REMEMBERED_EVENTS) this.moveToIndex();
  }

  private keep(stored: StoredEntry[], failed: FailedEntry[]): void {
    for (const entry of stored) {
      this.stored.set(entry.id, entry);
      this.slots.add(Math.floor(entry.occurredAt / ACTIVITY_SLOT_MICROS));
    }
    for (const entry of failed) this.failed.set(entry.errorId, entry);
  }

  private find<Entry>(ids: string[], kind: string, recent: Map<string, Entry>): Map<string, Entry> {
    const found = new Map<string, Entry>();
    const elsewhere: string[] = [];
    for (const id of ids) {
      const entry = recent.get(id);
      if (entry !== undefined) found.set(id, entry);
      else elsewhere.push(id);
    }
    if (!this.hasIndex || elsewhere.length === 0) return found;
    const rows = this.storage.sql.exec<{ id: string; entry: string }>(
      "SELECT id, entry FROM remembered WHERE kind = ?1 AND id IN (SELECT value FROM json_each(?2))",
      kind,
      JSON.stringify(elsewhere),
    );
    for (const { id, entry } of rows) found.set(id, JSON.parse(entry));
    return found;
  }

  /** Empties the isolate's memory and the segments into a table: a row an event, for sessions of many thousands only. */
  private moveToIndex(): void {
    const { sql, kv } = this.storage;
    sql.exec(
      `CREATE TABLE IF NOT EXISTS remembered
         (kind TEXT NOT NULL, id TEXT NOT NULL, entry TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID`,
    );
    const insert = "INSERT INTO remembered (kind, id, entry) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    for (const [id, entry] of this.stored) sql.exec(insert, "stored", id, JSON.stringify(entry));
    for (const [id, entry] of this.failed) sql.exec(insert, "failed", id, JSON.stringify(entry));
    kv.put(SLOTS, [...this.slots].sort((a, b) => b - a).slice(0, MAX_SLOTS));
    kv.put(ABOUT, this.about);
    for (const [key] of [...kv.list({ prefix: SEGMENT })]) kv.delete(key);
    this.stored.clear();
    this.failed.clear();
    this.segments = 0;
    this.hasIndex = true;
  }
}

function latestReceipt(entries: { receivedAt: Micros }[]): Micros {
  return entries.reduce((latest, { receivedAt }) => Math.max(latest, receivedAt), 0);
}

/** Divides what a call added into as few rows as hold it: nearly always one. */
function segmentTexts({ stored, failed, about }: Segment): string[] {
  const text = JSON.stringify({ stored, failed, about });
  if (Math.max(stored.length, failed.length) < 2 || utf8Bytes(text) <= MAX_SEGMENT_BYTES) return [text];
  const [s, f] = [Math.ceil(stored.length / 2), Math.ceil(failed.length / 2)];
  return [
    ...segmentTexts({ stored: stored.slice(0, s), failed: failed.slice(0, f), about }),
    ...segmentTexts({ stored: stored.slice(s), failed: failed.slice(f), about }),
  ];
}
