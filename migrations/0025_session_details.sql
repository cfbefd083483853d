-- For percentiles and distinct visitors. NULL until the sessions of the row are counted again.
-- How many durations of sessions lie in each bin: src/model/questions/sessions/duration-table.ts.
ALTER TABLE session_counts ADD COLUMN durations TEXT;
-- Hashes of visitors: src/model/questions/sessions/visitor-table.ts. NULL too once events of the row are in the archive.
ALTER TABLE session_counts ADD COLUMN visitors TEXT;
