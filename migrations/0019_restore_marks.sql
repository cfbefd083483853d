-- Marks that show whether a database was restored to an older state, in every database. The latest mark also lies outside D1: a
-- database that lacks it is behind. See src/storage/erasures/restore-marks.ts.
CREATE TABLE restore_marks (
  id INTEGER PRIMARY KEY,
  mark TEXT NOT NULL UNIQUE
) STRICT;

-- Increases with each change outside D1 that a restore does not undo: a tombstone, an object of the archive stored or deleted.
-- Used in the first database.
INSERT INTO revisions (name, revision) VALUES ('outside_changes', 0);
