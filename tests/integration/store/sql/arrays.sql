-- Gives back every array type, as the server writes it and in the server's binary form.
-- in: a bool[], b int2[], c int4[], d int8[], e text[], f bytea[], g uuid[], h timestamptz[]
-- in: i numeric[], j date[]
-- out: number int4, as_text text, bytes bytea
SELECT * FROM (VALUES
        (1, $1::text, array_send($1)), (2, $2::text, array_send($2)), (3, $3::text, array_send($3)),
        (4, $4::text, array_send($4)), (5, $5::text, array_send($5)), (6, $6::text, array_send($6)),
        (7, $7::text, array_send($7)), (8, $8::text, array_send($8)), (9, $9::text, array_send($9)),
        (10, $10::text, array_send($10))) AS v (number, as_text, bytes)
ORDER BY number
