-- Tables in whose pages copies of erased rows may remain, in the database of the table: it was too large to be written again as
-- a whole. A row goes once no page has a copy; see src/storage/erasures/scrub/erased-remainders.ts.
CREATE TABLE erased_remainders (
  table_name TEXT NOT NULL,         -- events_12, whether open or sealed; events_12l: its late lane; errors; error_parts
  first_at INTEGER NOT NULL,        -- microseconds: when an erasure scrubbed a part of the table for the first time
  last_at INTEGER NOT NULL,         -- microseconds: when it did so for the last time
  checked_at INTEGER NOT NULL,      -- microseconds: when the table was last found to be too large
  freed INTEGER NOT NULL DEFAULT 0, -- 1: it was written again as a whole since, and only free pages may have copies
  PRIMARY KEY (table_name)
) STRICT, WITHOUT ROWID;
