-- Ids of topic and type names, given on first sight.
-- in: names text[]
-- out: position int8, id int2
SELECT w.position, n.id
FROM ev.name_ids($1) n
JOIN unnest($1) WITH ORDINALITY AS w (name, position) ON w.name = n.name
