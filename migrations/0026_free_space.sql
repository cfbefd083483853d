-- Pages that were freed without being overwritten, in every database: those of dropped partitions and of deleted late events. The
-- next erasure overwrites all free pages; see src/storage/erasures/scrub/free-space.ts.
CREATE TABLE free_space (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  frees INTEGER NOT NULL,           -- how often pages were freed
  overwritten INTEGER NOT NULL,     -- `frees` when all free pages were overwritten last
  peak_bytes INTEGER NOT NULL       -- the largest known size of the database: its file is as large, with its free pages
) STRICT;

INSERT INTO free_space (id, frees, overwritten, peak_bytes) VALUES (1, 0, 0, 0);

-- Large values of zeros that take free pages until all are overwritten. Mostly empty.
CREATE TABLE free_space_zeros (
  id INTEGER PRIMARY KEY,
  zeros BLOB NOT NULL
) STRICT;
