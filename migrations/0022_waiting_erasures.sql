-- Why the next step of an erasure fails and is tried again. NULL once a step has been completed.
ALTER TABLE erasures ADD COLUMN waiting_since INTEGER; -- microseconds since 1970
ALTER TABLE erasures ADD COLUMN missing_object TEXT;   -- the archive object that could not be found; NULL: another reason
