-- The first and the last receipt that a row of `failures` counts, in microseconds since 1970. No further row is written for them.
-- NULL in rows that were written before these columns existed: readers then use the start of the bucket.
ALTER TABLE failures ADD COLUMN first_at INTEGER;
ALTER TABLE failures ADD COLUMN last_at INTEGER;
