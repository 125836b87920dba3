-- Gives back every scalar type as it came, and as the server writes it.
-- in: a bool, b int2, c int4, d int8, e text, f varchar, g bytea, h uuid, i timestamptz
-- in: j numeric, k date, l json, m jsonb
-- out: a bool?, b int2?, c int4?, d int8?, e text?, f varchar?, g bytea?, h uuid?, i timestamptz?
-- out: j numeric?, k date?, l json?, m jsonb?, all_text text
SELECT $1 AS a, $2 AS b, $3 AS c, $4 AS d, $5 AS e, $6 AS f, $7 AS g, $8 AS h, $9 AS i, $10 AS j,
       $11 AS k, $12 AS l, $13 AS m,
       concat_ws('|', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) AS all_text
