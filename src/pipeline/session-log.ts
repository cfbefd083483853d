import { utf8Bytes } from "../model/event";
import { MAX_LOG_ROW_BYTES, SESSION_MEMORY_MS } from "../model/limits";
import type { Micros } from "../model/time";
import type { FailedEntry, StoredEntry } from "./session-decision";

/** What one call added to what is known of a session. */
export interface Segment {
  session: string;
  stored: StoredEntry[];
  failed: FailedEntry[];
  about: About;
}

/** What is known of a session as a whole. Written with each of its segments, as it was then; see SessionMemory. */
export interface About {
  /** Index of the database in which the session lives. */
  database: number;
  /** What D1 holds of the session and its segments do not. Null: nothing. */
  forgotten: Forgotten | null;
  lastSequence: number;
  /** When the session may be forgotten, in milliseconds since 1970. */
  keepUntil: number;
  /**
   * The number of the row in which the session was first remembered. It may have been forgotten before that, and what is left
   * of it in older rows has another.
   */
  since: number;
  /** Slots of activity of what lies in the index, the newest first. Absent: nothing does. */
  indexedSlots?: number[];
}

/** The part of a session that was accepted before it was remembered. */
export interface Forgotten {
  /** No event of it occurred later. Null: D1 was not asked yet. */
  until: Micros | null;
  /** The slots of ACTIVITY_SLOT_MICROS that it opens. */
  openSlots: number[];
}

/** Where the log has a session, in the isolate's memory: all that a group keeps there of sessions that are not held ready. */
interface Place {
  slots: number[];
  keepUntil: number;
  since: number;
}

/** Beside each row's segments, so that waking reads no more: [session, keepUntil, since]. */
type Heading = [session: string, keepUntil: number, since: number];

const CREATE = `
CREATE TABLE IF NOT EXISTS log
  (slot INTEGER PRIMARY KEY, number INTEGER NOT NULL, written_at INTEGER NOT NULL, headings TEXT NOT NULL, segments TEXT NOT NULL) STRICT`;

const WRITE = `
INSERT INTO log (slot, number, written_at, headings, segments) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (slot) DO UPDATE SET
  number = excluded.number, written_at = excluded.written_at, headings = excluded.headings, segments = excluded.segments`;

const READ = "SELECT segments FROM log WHERE slot IN (SELECT value FROM json_each(?1))";

/** Old rows that one call may write over. One is enough to keep the log as it is; more make it shorter again. */
const MAX_REUSED = 4;

/**
 * What a group remembers, in its storage: one row for each call, whatever sessions the call was about, since rows written
 * are the bill. Nothing is ever deleted. A row older than SESSION_MEMORY_MS is written over by the next call, which takes
 * with it what the row has of sessions that must still be known; the others are forgotten. So a session is known whole, or
 * not at all.
 */
export class SessionLog {
  private readonly places = new Map<string, Place>();
  /** When the rows that count were written, by their slot, the oldest first. */
  private readonly rows = new Map<number, number>();
  /** Slots whose rows count no more. */
  private readonly free: number[] = [];
  private nextNumber = 1;
  private nextSlot = 1;

  /**
   * @param forget told of each session that is forgotten, while the object wakes too
   */
  constructor(
    private readonly sql: SqlStorage,
    private readonly forget: (session: string) => void,
  ) {
    sql.exec(CREATE);
  }

  /** Finds out what the object left in its storage. Never earlier than what it wrote, whatever this machine's clock says. */
  wake(clock: number): void {
    let now = clock;
    const rows = this.sql.exec<{ slot: number; number: number; written_at: number; headings: string }>(
      "SELECT slot, number, written_at, headings FROM log ORDER BY number",
    );
    for (const { slot, number, written_at: writtenAt, headings } of rows) {
      this.rows.set(slot, writtenAt);
      now = Math.max(now, writtenAt);
      this.nextNumber = Math.max(this.nextNumber, number + 1);
      this.nextSlot = Math.max(this.nextSlot, slot + 1);
      const read: Heading[] = JSON.parse(headings);
      for (const heading of read) this.place(heading, slot);
    }
    for (const [session, { keepUntil }] of [...this.places]) if (keepUntil <= now) this.drop(session);
  }

  /** The number that the next row will have. */
  get upcoming(): number {
    return this.nextNumber;
  }

  /** What is remembered of a session, in any order. Empty: nothing. */
  read(session: string): Segment[] {
    const place = this.places.get(session);
    if (place === undefined) return [];
    const rows = this.sql.exec<{ segments: string }>(READ, JSON.stringify(place.slots));
    const isOfIt = (segment: Segment) => segment.session === session && segment.about.since === place.since;
    return [...rows].flatMap(({ segments }) => segmentsIn(segments).filter(isOfIt));
  }

  /** Writes what a call added: one row, unless the call brought very many events at once. */
  append(added: Segment[], now: number): void {
    if (added.length === 0) return;
    const active = new Map(added.map(({ session, about }) => [session, about]));
    const carried = this.reuse(active, now);
    for (const row of rowsOf([...carried, ...added].flatMap(piecesOf))) this.write(row, now);
  }

  /** Gives the slots of rows that are old enough free, and returns what of them must be remembered on. */
  private reuse(active: Map<string, About>, now: number): Segment[] {
    const carried: Segment[] = [];
    const old = [...this.oldest(now)];
    for (const slot of old) {
      const [row] = this.sql.exec<{ segments: string }>("SELECT segments FROM log WHERE slot = ?1", slot);
      const segments = segmentsIn(row?.segments ?? "[]");
      for (const segment of segments) {
        const { session } = segment;
        const place = this.places.get(session);
        const since = active.get(session)?.since ?? place?.since;
        if (place === undefined || segment.about.since !== since) continue;
        if (!active.has(session) && place.keepUntil <= now) this.drop(session);
        else carried.push({ ...segment, about: { ...segment.about, keepUntil: place.keepUntil } });
      }
      for (const { session } of segments) {
        const place = this.places.get(session);
        if (place !== undefined) place.slots = place.slots.filter((one) => one !== slot);
      }
      this.rows.delete(slot);
      this.free.push(slot);
    }
    return carried;
  }

  private *oldest(now: number): Generator<number> {
    let left = MAX_REUSED;
    for (const [slot, writtenAt] of this.rows) {
      if (left-- === 0 || writtenAt + SESSION_MEMORY_MS > now) return;
      yield slot;
    }
  }

  private write(pieces: Piece[], now: number): void {
    const slot = this.free.pop() ?? this.nextSlot++;
    const number = this.nextNumber++;
    const headings = pieces.map(({ heading }) => heading);
    const segments = `[${pieces.map(({ text }) => text).join(",")}]`;
    this.sql.exec(WRITE, slot, number, now, JSON.stringify(headings), segments);
    this.rows.set(slot, now);
    for (const heading of headings) this.place(heading, slot);
  }

  private place([session, keepUntil, since]: Heading, slot: number): void {
    const known = this.places.get(session);
    if (known?.since !== since) {
      if (known === undefined || known.since < since) this.places.set(session, { slots: [slot], keepUntil, since });
      return;
    }
    known.keepUntil = Math.max(known.keepUntil, keepUntil);
    // A list that grows by `push` keeps room for sixteen more, and there is one for each session of the last hour.
    if (known.slots.at(-1) !== slot) known.slots = known.slots.concat(slot);
  }

  private drop(session: string): void {
    this.places.delete(session);
    this.forget(session);
  }
}

/** A segment as it is written. */
interface Piece {
  heading: Heading;
  text: string;
  bytes: number;
}

/** A segment's JSON, in several pieces where it is too large for one row. */
function piecesOf(segment: Segment): Piece[] {
  const text = JSON.stringify(segment);
  const bytes = utf8Bytes(text) + 1;
  const { session, stored, failed, about } = segment;
  if (bytes <= MAX_LOG_ROW_BYTES || Math.max(stored.length, failed.length) < 2) {
    return [{ heading: [session, about.keepUntil, about.since], text, bytes }];
  }
  const [s, f] = [Math.ceil(stored.length / 2), Math.ceil(failed.length / 2)];
  return [
    ...piecesOf({ ...segment, stored: stored.slice(0, s), failed: failed.slice(0, f) }),
    ...piecesOf({ ...segment, stored: stored.slice(s), failed: failed.slice(f) }),
  ];
}

/** As few rows as hold the pieces: nearly always one. */
function rowsOf(pieces: Piece[]): Piece[][] {
  const rows: Piece[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const piece of pieces) {
    bytes += piece.bytes;
    if (bytes > MAX_LOG_ROW_BYTES) {
      rows.push([]);
      bytes = piece.bytes;
    }
    rows.at(-1)?.push(piece);
  }
  return rows;
}

function segmentsIn(text: string): Segment[] {
  return JSON.parse(text);
}
