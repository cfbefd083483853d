-- A row of series is a dimension key: an application with an event type (category and name). Events and counts store its number,
-- one or two bytes instead of three texts. Rows never change, so readers may cache them permanently.
CREATE TABLE categories (
  category_id INTEGER PRIMARY KEY,
  category TEXT NOT NULL UNIQUE
) STRICT;

-- The category of the overflow key: see src/storage/write/write-series.ts. No event can have the category ''.
INSERT INTO categories (category_id, category) VALUES (1, '');

CREATE TABLE series (
  series_id INTEGER PRIMARY KEY,
  category_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  application TEXT NOT NULL,
  first_day INTEGER NOT NULL,    -- UTC day (days since 1970) of receipt of its first event; limits the new dimension keys of a day
  UNIQUE (category_id, name, application)
) STRICT;

CREATE INDEX series_by_name ON series (name);
CREATE INDEX series_by_application ON series (application, first_day);
