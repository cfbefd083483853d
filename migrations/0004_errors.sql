-- One row for each event that failed validation, with its complete content. Errors are few, so each query may have its own
-- index.
CREATE TABLE errors (
  received_at INTEGER NOT NULL,  -- microseconds since 1970
  id TEXT NOT NULL,              -- derived from the session, the event's id and its content: the same on redelivery
  application TEXT,              -- null if a queue message was not an envelope
  session_id TEXT,               -- these three: null unless the event has them as text of a permitted length
  category TEXT,
  name TEXT,
  event_id TEXT,
  issues TEXT NOT NULL,          -- JSON: [{code, path, message}]
  content TEXT,                  -- the event as JSON; null if it is in error_parts
  parts INTEGER NOT NULL,        -- the number of error_parts with the content; 0 for none
  resolved_at INTEGER,           -- microseconds since 1970; null while it is open
  resolved_session TEXT,         -- these three: the identity of the event that a replay created from it
  resolved_event_id TEXT,
  resolved_occurred_at INTEGER,
  replayed_at INTEGER,           -- microseconds since 1970; when a replay last validated it
  replay_id TEXT,                -- that replay
  claimed_by TEXT,               -- the replay that is processing it: only one, or two repairs could create two events from it
  codes INTEGER NOT NULL,        -- the codes of its issues as bits: src/storage/core/error-codes.ts
  PRIMARY KEY (received_at, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX errors_by_id ON errors (id);
CREATE INDEX errors_by_session ON errors (session_id);
CREATE INDEX errors_by_application ON errors (application);
CREATE INDEX errors_by_category ON errors (category);
CREATE INDEX errors_by_name ON errors (name);
CREATE INDEX errors_open ON errors (received_at) WHERE resolved_at IS NULL;
CREATE INDEX errors_resolved ON errors (received_at) WHERE resolved_at IS NOT NULL;

-- An index for each code. The entries include the bits, so that SQLite skips other errors without reading their rows. A new code
-- takes the next bit, and an index like these.
CREATE INDEX errors_with_session_id_invalid ON errors (received_at, id, codes) WHERE codes & 1 <> 0;
CREATE INDEX errors_with_category_invalid ON errors (received_at, id, codes) WHERE codes & 2 <> 0;
CREATE INDEX errors_with_name_invalid ON errors (received_at, id, codes) WHERE codes & 4 <> 0;
CREATE INDEX errors_with_data_invalid ON errors (received_at, id, codes) WHERE codes & 8 <> 0;
CREATE INDEX errors_with_timestamp_invalid ON errors (received_at, id, codes) WHERE codes & 16 <> 0;
CREATE INDEX errors_with_timestamp_in_future ON errors (received_at, id, codes) WHERE codes & 32 <> 0;
CREATE INDEX errors_with_event_too_large ON errors (received_at, id, codes) WHERE codes & 64 <> 0;
CREATE INDEX errors_with_event_invalid ON errors (received_at, id, codes) WHERE codes & 128 <> 0;
CREATE INDEX errors_with_schema_violation ON errors (received_at, id, codes) WHERE codes & 256 <> 0;
CREATE INDEX errors_with_unplanned_event ON errors (received_at, id, codes) WHERE codes & 512 <> 0;
CREATE INDEX errors_with_id_conflict ON errors (received_at, id, codes) WHERE codes & 1024 <> 0;
CREATE INDEX errors_with_delivery_failed ON errors (received_at, id, codes) WHERE codes & 2048 <> 0;

-- Chunks of events that are too large for one queue message. Each arrives separately.
CREATE TABLE error_parts (
  id TEXT NOT NULL,
  part INTEGER NOT NULL,         -- from 0
  content TEXT NOT NULL,
  PRIMARY KEY (id, part)
) STRICT, WITHOUT ROWID;

-- Exact counts of failed events by application, event type, code and path, updated in the transaction that writes the errors,
-- so that errors are never counted by reading them. Written only for failed events: three rows for each distinct (code, path)
-- of an event, and three under the code '', which counts the event itself once.
CREATE TABLE failures (
  seconds INTEGER NOT NULL,      -- width of the bucket: 60, 3600 or 86400
  code TEXT NOT NULL,            -- of an issue; '' counts failed events, once each, whatever their issues
  bucket INTEGER NOT NULL,       -- start of the bucket, of receipt, in seconds since 1970
  application TEXT NOT NULL,     -- this and the next two: '' if the error has none
  category TEXT NOT NULL,
  name TEXT NOT NULL,
  path TEXT NOT NULL,            -- of the issue, with * for array indexes: a list of 1,000 items is not 1,000 rows
  events INTEGER NOT NULL,
  last_error_id TEXT NOT NULL,   -- one of the newest errors counted here
  PRIMARY KEY (seconds, code, bucket, application, category, name, path)
) STRICT, WITHOUT ROWID;
