-- Whose a database is that a rebuild wants to fill: somebody else's, or begun by one.
-- out: is_worked_on bool, is_begun bool
SELECT EXISTS (SELECT FROM ev.outbox) OR
       EXISTS (SELECT FROM ev.consumer_offset WHERE group_name <> 'quenty-replay') AS is_worked_on,
       EXISTS (SELECT FROM ev.consumer_offset WHERE group_name = 'quenty-replay') AS is_begun
