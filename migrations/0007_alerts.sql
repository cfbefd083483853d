-- Rules that watch the failures, and the messages they gave rise to; used in the first database.
CREATE TABLE alerts (
  name TEXT NOT NULL PRIMARY KEY,
  rule TEXT NOT NULL,            -- JSON: what is watched, the threshold, the window, where messages go; never changed
  secret TEXT NOT NULL,          -- signs the messages
  created_at INTEGER NOT NULL,   -- microseconds since 1970
  state TEXT NOT NULL,           -- ok or firing
  since INTEGER NOT NULL,        -- microseconds since 1970
  episode INTEGER NOT NULL,      -- grows when the alert begins: with the state, what a change is conditional on
  incarnation TEXT NOT NULL      -- of this creation: an alert of the same name, made anew, has other messages
) STRICT, WITHOUT ROWID;

CREATE TABLE alert_deliveries (
  id TEXT NOT NULL PRIMARY KEY,  -- incarnation:episode:kind, so that no message can be made twice
  alert TEXT NOT NULL,
  created_at INTEGER NOT NULL,   -- microseconds since 1970
  kind TEXT NOT NULL,            -- begin or end
  body TEXT NOT NULL,            -- JSON, the same at every try
  status TEXT NOT NULL,          -- pending, delivered or failed
  attempts INTEGER NOT NULL,
  next_attempt_at INTEGER NOT NULL,
  outcome TEXT                   -- of the last try, in words
) STRICT, WITHOUT ROWID;

CREATE INDEX alert_deliveries_pending ON alert_deliveries (next_attempt_at) WHERE status = 'pending';
CREATE INDEX alert_deliveries_by_alert ON alert_deliveries (alert, created_at);
