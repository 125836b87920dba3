-- How much lies aside: waiting for a person, waiting for something not yet known, and never to be
-- applied; of the latter, how many nobody has done anything about.
-- out: parked int8, waiting int8, next_deadline timestamptz?, dead_letters int8
-- out: newest_dead_letter timestamptz?, open_dead_letters int8
SELECT
    (SELECT count(*) FROM ev.parked p WHERE p.deadline IS NULL) AS parked,
    (SELECT count(*) FROM ev.parked p WHERE p.deadline IS NOT NULL) AS waiting,
    (SELECT min(p.deadline) FROM ev.parked p) AS next_deadline,
    (SELECT count(*) FROM ev.dead_letter) AS dead_letters,
    (SELECT d.created_at FROM ev.dead_letter d ORDER BY d.seq DESC LIMIT 1) AS newest_dead_letter,
    (SELECT count(*) FROM ev.dead_letter d
     WHERE NOT EXISTS (SELECT FROM ev.intervention i
                       WHERE i.dead_letter = d.seq AND i.action IN ('dlq drop', 'dlq redriven')))
        AS open_dead_letters
