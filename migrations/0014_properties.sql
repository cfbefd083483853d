-- Properties of payloads whose values are counted, as event types declare them; used in the first database. A change of kind or
-- template makes a new row, so that old counts are never read for the new declaration.
CREATE TABLE properties (
  property_id INTEGER PRIMARY KEY AUTOINCREMENT,
  category TEXT NOT NULL,
  name TEXT NOT NULL,
  path TEXT NOT NULL,            -- keys joined by dots
  kind TEXT NOT NULL,            -- 'text' or 'number'
  template TEXT,                 -- '/p/:id': values that match it count as one
  declared_at INTEGER NOT NULL,  -- microseconds since 1970
  UNIQUE (category, name, path)
) STRICT;

-- Counts of a property's values in the events of a dimension key, by hour and by day. Computed from the events once an hour has
-- closed, and again when more of its events arrive.
CREATE TABLE property_counts (
  property_id INTEGER NOT NULL,
  series_id INTEGER NOT NULL,
  seconds INTEGER NOT NULL,      -- width of the bucket: 3600 or 86400
  bucket INTEGER NOT NULL,       -- its start, in seconds since 1970
  counted INTEGER NOT NULL,      -- the number in `counts` before the events were read; if it is higher now, there are more events
  held TEXT NOT NULL,            -- JSON: src/storage/properties/value-counts.ts
  PRIMARY KEY (property_id, series_id, seconds, bucket)
) STRICT, WITHOUT ROWID;

-- How far the hours of a database have been checked for such counts, in a cycle from the newest to the oldest.
CREATE TABLE property_sweep (
  id INTEGER PRIMARY KEY,
  hour INTEGER NOT NULL,         -- this hour and later ones are done; seconds since 1970
  started_at INTEGER NOT NULL    -- microseconds since 1970
) STRICT;
