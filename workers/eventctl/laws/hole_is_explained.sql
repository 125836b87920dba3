-- Below the relay's position each number is a fact or lies in a gap that the relay has proven, and no
-- number is both. (Counted from the lowest that is still there: old partitions are dropped.)
-- in: shown int4
-- out: violations int8, violation text
WITH law AS MATERIALIZED (
    WITH position AS (SELECT seq FROM ev.relay_position WHERE name = 'outbox'),
    span AS (
        SELECT o.seq AS first, o.seq AS last FROM ev.outbox o, position p WHERE o.seq <= p.seq
        UNION ALL
        SELECT g.from_seq, g.to_seq FROM ev.outbox_gap g, position p
        WHERE g.name = 'outbox' AND g.from_seq <= p.seq AND g.to_seq >= (SELECT min(o.seq) FROM ev.outbox o)
    ),
    pair AS (SELECT first, last, lag(last) OVER (ORDER BY first, last) AS before FROM span)
    SELECT before, first AS next FROM pair WHERE first <> before + 1
    UNION ALL
    SELECT max(s.last), p.seq FROM position p LEFT JOIN span s ON true
    GROUP BY p.seq HAVING coalesce(max(s.last), 0) < p.seq
)
SELECT count(*) OVER () AS violations, to_json(law)::text AS violation
FROM law
LIMIT $1
