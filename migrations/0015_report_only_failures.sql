-- Uses the standard term for a schema that only reports (as in Content-Security-Policy-Report-Only).
ALTER TABLE shadow_failures RENAME TO report_only_failures;
