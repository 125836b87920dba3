-- A time that is none.
-- out: at timestamptz
SELECT 'infinity'::timestamptz AS at
