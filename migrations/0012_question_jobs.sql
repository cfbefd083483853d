-- Queries that are too large to be answered at once, with their progress; used in the first database. A step reads the
-- sessions of one range of sample keys, and its counts are added to the state in the update that counts the step, so a step that
-- is delivered twice counts once.
CREATE TABLE question_jobs (
  id TEXT NOT NULL PRIMARY KEY,
  created_at INTEGER NOT NULL,   -- microseconds since 1970
  updated_at INTEGER NOT NULL,
  status TEXT NOT NULL,          -- running, done or failed
  question TEXT NOT NULL,        -- JSON: src/model/questions/question.ts
  timezone TEXT NOT NULL,        -- the time zone of the range in the result
  step INTEGER NOT NULL,         -- the number of counted steps
  steps INTEGER NOT NULL,
  state TEXT,                    -- JSON: the combined result of the counted steps; null before the first and after the last
  rows_read INTEGER NOT NULL,
  result TEXT,                   -- JSON: the answer, once it is done
  reason TEXT                    -- why it failed
) STRICT, WITHOUT ROWID;

CREATE INDEX question_jobs_by_creation ON question_jobs (created_at);
CREATE INDEX question_jobs_running ON question_jobs (updated_at) WHERE status = 'running';
