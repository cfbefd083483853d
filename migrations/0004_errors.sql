-- One row per event that did not validate, with its whole content. Errors are few: they may have an index for each
-- question.
CREATE TABLE errors (
  received_at INTEGER NOT NULL,  -- microseconds since 1970
  id TEXT NOT NULL,              -- derived from the session, the event's id and its content: the same on redelivery
  application TEXT,              -- null where a queue message was not an envelope
  session_id TEXT,               -- these three as far as the event has them as text of a permitted length
  category TEXT,
  name TEXT,
  event_id TEXT,
  issues TEXT NOT NULL,          -- JSON: [{code, path, message}]
  content TEXT,                  -- the event as JSON; null where it lies in error_parts
  parts INTEGER NOT NULL,        -- how many error_parts hold the content; 0: none
  PRIMARY KEY (received_at, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX errors_by_id ON errors (id);
CREATE INDEX errors_by_session ON errors (session_id);
CREATE INDEX errors_by_application ON errors (application);
CREATE INDEX errors_by_category ON errors (category);
CREATE INDEX errors_by_name ON errors (name);

CREATE TABLE error_codes (
  code TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (code, received_at, id)
) STRICT, WITHOUT ROWID;

-- Pieces of events that are too large for one queue message; each arrives by itself.
CREATE TABLE error_parts (
  id TEXT NOT NULL,
  part INTEGER NOT NULL,         -- from 0
  content TEXT NOT NULL,
  PRIMARY KEY (id, part)
) STRICT, WITHOUT ROWID;
