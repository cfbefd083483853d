-- Three rows written per event: the row itself, clustered by time, and one entry in each of two indexes. Every index
-- entry of a WITHOUT ROWID table ends with the primary key, so each index is in the order of reading.
CREATE TABLE events (
  occurred_at INTEGER NOT NULL,      -- microseconds since 1970
  received_after INTEGER NOT NULL,   -- microseconds from occurred_at to the receipt at the edge; orders equal occurred_at
  session_id ANY NOT NULL,           -- 16 bytes for a UUID in lower case, else text
  sequence INTEGER NOT NULL,         -- number in order of acceptance within the session, from 1
  category_id INTEGER NOT NULL,
  series_id INTEGER NOT NULL,
  opens INTEGER NOT NULL,            -- 1: first accepted event of its session in its quarter of an hour
  id ANY NOT NULL,                   -- 16 bytes for a UUID in lower case, else text
  data TEXT NOT NULL,                -- JSON object
  PRIMARY KEY (occurred_at, received_after, session_id, sequence)
) STRICT, WITHOUT ROWID;

CREATE INDEX events_by_session ON events (session_id);
CREATE INDEX events_by_category ON events (category_id);

-- The list of sessions: one entry per session and quarter of an hour.
CREATE INDEX events_opening ON events (opens) WHERE opens = 1;
