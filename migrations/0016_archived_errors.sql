-- Which applications have rows in a file: a JSON list, so that a retention of one application finds its files. NULL: not known.
ALTER TABLE archive_files ADD COLUMN applications TEXT;

-- When each rule of retention was last found to have nothing to delete, in the first database.
CREATE TABLE retention_checks (
  rule TEXT NOT NULL PRIMARY KEY,  -- events or errors, with an application where it is of one
  at INTEGER NOT NULL              -- microseconds since 1970
) STRICT, WITHOUT ROWID;
