-- With the series in it, events of a category are looked through for some of its series in the index alone, some ten times
-- faster than by looking each up.
DROP INDEX events_by_category;
CREATE INDEX events_by_category ON events (category_id, occurred_at, received_after, session_id, sequence, series_id);
