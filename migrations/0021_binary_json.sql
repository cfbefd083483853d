-- Events are inserted with jsonb_each, which SQLite has since 3.51. A database that lacks it fails here, before the
-- release that needs it takes traffic.
SELECT count(*) FROM jsonb_each('[[1]]');
