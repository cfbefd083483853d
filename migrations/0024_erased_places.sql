-- Places of erased rows that may have left copies in the pages around them, in the database of the rows. A place is
-- removed in the transaction that writes these pages again; see src/storage/erasures/scrub/scrub-database.ts.
CREATE TABLE erased_places (
  table_name TEXT NOT NULL,         -- when the rows were erased: events_12, errors or error_parts
  place TEXT NOT NULL,              -- JSON: the beginning of their primary key, which names nobody
  PRIMARY KEY (table_name, place)
) STRICT, WITHOUT ROWID;
