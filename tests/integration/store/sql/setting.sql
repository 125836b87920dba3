-- Reads a setting.
-- in: name text
-- out: value text
SELECT current_setting($1) AS value
