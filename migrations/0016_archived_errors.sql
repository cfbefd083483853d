-- The applications that have rows in a file, as a JSON list, so that retention of one application finds its files. NULL: unknown.
ALTER TABLE archive_files ADD COLUMN applications TEXT;

-- When each rule of retention was last found to have nothing to delete, in the first database.
CREATE TABLE retention_checks (
  rule TEXT NOT NULL PRIMARY KEY,  -- events or errors, followed by the application if the rule is of one
  at INTEGER NOT NULL              -- microseconds since 1970
) STRICT, WITHOUT ROWID;
