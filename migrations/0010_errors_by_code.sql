-- Which codes an error has, as bits, with an index for each code that holds the errors that have it: a list by code reads one
-- row for each that it returns, where the table error_codes was one entry more for each. The bits stand in
-- src/storage/error-codes.ts. A new code takes the next bit, and an index like these.
ALTER TABLE errors ADD COLUMN codes INTEGER NOT NULL DEFAULT 0;

-- 4 seconds for 250,000 errors, less than half of what working the bits out of the issues takes.
UPDATE errors SET codes = held.bits
FROM (
  SELECT received_at, id, sum(CASE code
    WHEN 'session_id_invalid' THEN 1
    WHEN 'category_invalid' THEN 2
    WHEN 'name_invalid' THEN 4
    WHEN 'data_invalid' THEN 8
    WHEN 'timestamp_invalid' THEN 16
    WHEN 'timestamp_in_future' THEN 32
    WHEN 'event_too_large' THEN 64
    WHEN 'event_invalid' THEN 128
    WHEN 'schema_violation' THEN 256
    WHEN 'unplanned_event' THEN 512
    WHEN 'id_conflict' THEN 1024
    WHEN 'delivery_failed' THEN 2048
  END) AS bits
  FROM error_codes GROUP BY received_at, id
) AS held
WHERE errors.received_at = held.received_at AND errors.id = held.id;

-- The entries hold the bits too: SQLite then looks no row up to walk past it.
CREATE INDEX errors_with_session_id_invalid ON errors (received_at, id, codes) WHERE codes & 1 <> 0;
CREATE INDEX errors_with_category_invalid ON errors (received_at, id, codes) WHERE codes & 2 <> 0;
CREATE INDEX errors_with_name_invalid ON errors (received_at, id, codes) WHERE codes & 4 <> 0;
CREATE INDEX errors_with_data_invalid ON errors (received_at, id, codes) WHERE codes & 8 <> 0;
CREATE INDEX errors_with_timestamp_invalid ON errors (received_at, id, codes) WHERE codes & 16 <> 0;
CREATE INDEX errors_with_timestamp_in_future ON errors (received_at, id, codes) WHERE codes & 32 <> 0;
CREATE INDEX errors_with_event_too_large ON errors (received_at, id, codes) WHERE codes & 64 <> 0;
CREATE INDEX errors_with_event_invalid ON errors (received_at, id, codes) WHERE codes & 128 <> 0;
CREATE INDEX errors_with_schema_violation ON errors (received_at, id, codes) WHERE codes & 256 <> 0;
CREATE INDEX errors_with_unplanned_event ON errors (received_at, id, codes) WHERE codes & 512 <> 0;
CREATE INDEX errors_with_id_conflict ON errors (received_at, id, codes) WHERE codes & 1024 <> 0;
CREATE INDEX errors_with_delivery_failed ON errors (received_at, id, codes) WHERE codes & 2048 <> 0;

-- In the same migration: a Worker of before can then write no error without its bits. Its batches wait for the new one.
DROP TABLE error_codes;
