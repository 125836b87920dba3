-- An address is that of one user, however it is written; a name too.
SELECT lower(email) AS address, array_agg(unique_id ORDER BY unique_id) AS users
FROM users GROUP BY lower(email) HAVING count(*) > 1
UNION ALL
SELECT username, array_agg(unique_id ORDER BY unique_id) FROM users GROUP BY username HAVING count(*) > 1
