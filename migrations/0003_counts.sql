-- Exact counts by series at three resolutions, kept in the transaction that writes the events.
CREATE TABLE counts (
  seconds INTEGER NOT NULL,    -- width of the bucket: 60, 3600 or 86400
  series_id INTEGER NOT NULL,
  bucket INTEGER NOT NULL,     -- start of the bucket, in seconds since 1970
  events INTEGER NOT NULL,
  PRIMARY KEY (seconds, series_id, bucket)
) STRICT, WITHOUT ROWID;
