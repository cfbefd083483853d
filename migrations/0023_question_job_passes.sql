-- Percentiles of many numbers take several passes over the same events: src/model/questions/numbers/percentile-passes.ts.
-- `steps` is that of all passes so far, each of equally many.
ALTER TABLE question_jobs ADD COLUMN passes INTEGER NOT NULL DEFAULT 1;
