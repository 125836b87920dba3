-- Numbers of a range, both ends included, that will never come, in order and put together.
-- in: from_seq int8, to_seq int8
-- out: from_seq int8, to_seq int8
SELECT lower(gap.part) AS from_seq, upper(gap.part) - 1 AS to_seq
FROM (SELECT unnest(range_agg(int8range(greatest(g.from_seq, $1), least(g.to_seq, $2), '[]'))) AS part
      FROM ev.outbox_gap g
      WHERE g.name = 'outbox' AND g.from_seq <= $2 AND g.to_seq >= $1) gap
ORDER BY 1
