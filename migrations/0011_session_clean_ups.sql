-- Sessions whose objects hold memory, and when to look whether they may forget it. Written in the transaction that writes
-- the first events of these sessions: one row a batch, where an alarm in each object is a row a session.
CREATE TABLE session_clean_ups (
  due_at INTEGER NOT NULL,       -- milliseconds since 1970
  id TEXT NOT NULL,              -- tells apart the rows of one moment
  sessions TEXT NOT NULL,        -- JSON: packed ids of sessions
  PRIMARY KEY (due_at, id)
) STRICT, WITHOUT ROWID;
