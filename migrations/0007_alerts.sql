-- Rules that watch the failures, and the messages they caused; used in the first database.
CREATE TABLE alerts (
  name TEXT NOT NULL PRIMARY KEY,
  rule TEXT NOT NULL,            -- JSON: the filter, the threshold, the window, the webhook; never changes
  secret TEXT NOT NULL,          -- signs the messages
  created_at INTEGER NOT NULL,   -- microseconds since 1970
  state TEXT NOT NULL,           -- ok or firing
  since INTEGER NOT NULL,        -- microseconds since 1970
  episode INTEGER NOT NULL,      -- increases when the alert begins; changes are conditional on it and on the state
  incarnation TEXT NOT NULL      -- of this creation: a new alert with the same name has other messages
) STRICT, WITHOUT ROWID;

CREATE TABLE alert_deliveries (
  id TEXT NOT NULL PRIMARY KEY,  -- incarnation:episode:kind, so that no message can be created twice
  alert TEXT NOT NULL,
  created_at INTEGER NOT NULL,   -- microseconds since 1970
  kind TEXT NOT NULL,            -- begin or end
  body TEXT NOT NULL,            -- JSON, the same at every attempt
  status TEXT NOT NULL,          -- pending, delivered or failed
  attempts INTEGER NOT NULL,
  next_attempt_at INTEGER NOT NULL,
  outcome TEXT                   -- of the last attempt, as text
) STRICT, WITHOUT ROWID;

CREATE INDEX alert_deliveries_pending ON alert_deliveries (next_attempt_at) WHERE status = 'pending';
CREATE INDEX alert_deliveries_by_alert ON alert_deliveries (alert, created_at);
