-- What report-only schemas would have rejected, counted in the transaction that writes the events. The path '' counts events;
-- every other path counts the events with an issue there, so an event may count at several.
CREATE TABLE shadow_failures (
  seconds INTEGER NOT NULL,          -- width of the bucket: 60, 3600 or 86400
  category TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,          -- of the event type
  bucket INTEGER NOT NULL,           -- start of the bucket by receipt, in seconds since 1970
  path TEXT NOT NULL,                -- JSON pointer into the event, with * for array indexes
  events INTEGER NOT NULL,
  sample_session TEXT NOT NULL,      -- with sample_event: one of the bucket's first such events
  sample_event TEXT NOT NULL,
  PRIMARY KEY (seconds, category, name, version, bucket, path)
) STRICT, WITHOUT ROWID;
