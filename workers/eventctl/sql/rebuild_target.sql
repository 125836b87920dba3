-- Whose a database is that a rebuild wants to fill: somebody else's, or begun by one, from topics or from
-- files.
-- out: is_worked_on bool, has_topics bool, has_files bool
SELECT EXISTS (SELECT FROM ev.outbox) OR
       EXISTS (SELECT FROM ev.consumer_offset
               WHERE group_name NOT IN ('quenty-replay', 'quenty-replay-files')) AS is_worked_on,
       EXISTS (SELECT FROM ev.consumer_offset WHERE group_name = 'quenty-replay') AS has_topics,
       EXISTS (SELECT FROM ev.consumer_offset WHERE group_name = 'quenty-replay-files') AS has_files
