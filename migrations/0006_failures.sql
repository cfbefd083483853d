-- Exact counts of failed events by application, event type, code and path, kept in the transaction that writes the errors,
-- so that nothing ever counts the errors. Written for failed events alone: three rows for each different (code, path) of
-- an event, and three under the code '', which counts the event itself once.
CREATE TABLE failures (
  seconds INTEGER NOT NULL,      -- width of the bucket: 60, 3600 or 86400
  code TEXT NOT NULL,            -- of an issue; '': failed events, each counted once whatever its issues
  bucket INTEGER NOT NULL,       -- start of the bucket, of receipt, in seconds since 1970
  application TEXT NOT NULL,     -- this and the next two: '' where the error has none
  category TEXT NOT NULL,
  name TEXT NOT NULL,
  path TEXT NOT NULL,            -- of the issue, with * for places in arrays: a list of 1,000 items is no 1,000 cells
  events INTEGER NOT NULL,
  last_error_id TEXT NOT NULL,   -- one of the newest errors counted here
  PRIMARY KEY (seconds, code, bucket, application, category, name, path)
) STRICT, WITHOUT ROWID;
