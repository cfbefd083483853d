import type { FailedEntry, StoredEntry } from "./session-decision";

const CREATE = `
CREATE TABLE IF NOT EXISTS remembered
  (session TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, entry TEXT NOT NULL, PRIMARY KEY (session, kind, id))
  STRICT, WITHOUT ROWID`;

const FIND = `
SELECT id, entry FROM remembered
WHERE session = ?1 AND kind = ?2 AND id IN (SELECT value FROM json_each(?3))`;

const INSERT = "INSERT INTO remembered (session, kind, id, entry) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";

/** What is known of sessions of many thousands of events: a row for each, to be looked up by its id. */
export class SessionIndex {
  private readonly sql: SqlStorage;

  constructor(private readonly storage: DurableObjectStorage) {
    this.sql = storage.sql;
    this.sql.exec(CREATE);
  }

  findStored(session: string, ids: string[]): Map<string, StoredEntry> {
    return this.find(session, "stored", ids);
  }

  findFailed(session: string, errorIds: string[]): Map<string, FailedEntry> {
    return this.find(session, "failed", errorIds);
  }

  /** All of it or nothing. */
  add(session: string, stored: Iterable<StoredEntry>, failed: Iterable<FailedEntry>): void {
    this.storage.transactionSync(() => {
      for (const entry of stored) this.sql.exec(INSERT, session, "stored", entry.id, JSON.stringify(entry));
      for (const entry of failed) this.sql.exec(INSERT, session, "failed", entry.errorId, JSON.stringify(entry));
    });
  }

  forget(session: string): void {
    this.sql.exec("DELETE FROM remembered WHERE session = ?1", session);
  }

  private find<Entry>(session: string, kind: string, ids: string[]): Map<string, Entry> {
    const rows = this.sql.exec<{ id: string; entry: string }>(FIND, session, kind, JSON.stringify(ids));
    return new Map([...rows].map(({ id, entry }) => [id, JSON.parse(entry)]));
  }
}
