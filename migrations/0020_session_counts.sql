-- Counts of sessions in windows of 15 minutes, and in hours and days of UTC; used in the first database, for the events of all
-- databases. Computed from the events once a window has closed, and again when events arrive later.
CREATE TABLE session_counts (
  application TEXT NOT NULL,     -- '' for the sessions of all applications together
  seconds INTEGER NOT NULL,      -- width of the bucket: 900, 3600 or 86400
  bucket INTEGER NOT NULL,       -- its start, in seconds since 1970
  counted INTEGER NOT NULL,      -- the number of its events by their counts, before they were read
  late INTEGER NOT NULL,         -- of '': sessions that have changed in an earlier window since this one was counted
  hot_since INTEGER NOT NULL,    -- sessions are known from this time on, in seconds since 1970; 0 if always
  fingerprint TEXT,              -- of the events of a window, in '': src/storage/session-counts/fingerprint.ts
  held TEXT NOT NULL,            -- JSON: src/model/questions/sessions/session-counts.ts
  PRIMARY KEY (application, seconds, bucket)
) STRICT, WITHOUT ROWID;

-- How far the hours have been checked for such counts, in a cycle from the newest to the oldest.
CREATE TABLE session_sweep (
  id INTEGER PRIMARY KEY,
  hour INTEGER NOT NULL,         -- this hour and later ones are done; seconds since 1970
  began_at INTEGER NOT NULL      -- when the first window was counted; microseconds since 1970
) STRICT;
