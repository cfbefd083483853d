-- Questions that are too large to be answered at once, and how far each has come; used in the first database. A step reads the
-- sessions of one range of sample keys, and what it counts is added to the state in the update that counts the step: a step that
-- is delivered twice counts once.
CREATE TABLE question_jobs (
  id TEXT NOT NULL PRIMARY KEY,
  created_at INTEGER NOT NULL,   -- microseconds since 1970
  updated_at INTEGER NOT NULL,
  status TEXT NOT NULL,          -- running, done or failed
  question TEXT NOT NULL,        -- JSON: src/model/questions/question.ts
  timezone TEXT NOT NULL,        -- in which the result shows the range
  step INTEGER NOT NULL,         -- steps that are counted
  steps INTEGER NOT NULL,
  state TEXT,                    -- JSON: what the counted steps found; null before the first and after the last
  rows_read INTEGER NOT NULL,
  result TEXT,                   -- JSON: the answer, once it is done
  reason TEXT                    -- why it failed
) STRICT, WITHOUT ROWID;

CREATE INDEX question_jobs_by_creation ON question_jobs (created_at);
CREATE INDEX question_jobs_running ON question_jobs (updated_at) WHERE status = 'running';
