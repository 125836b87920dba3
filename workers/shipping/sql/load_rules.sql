-- What some countries restrict, of all times: which rules hold today is for the decide.
-- in: destinations text[]
-- out: rule_id int8, country_id int4, category varchar?, hs_prefix varchar?, level varchar, documents text
-- out: limit_value numeric?, limit_currency varchar?, valid_from timestamptz, valid_to timestamptz?
SELECT r.rule_id, c.id AS country_id, r.category, r.hs_prefix, r.level,
       array_to_string(r.documents, ', ') AS documents, r.limit_value, r.limit_currency, r.valid_from,
       r.valid_to
FROM public.countries c
JOIN public.country_rules r ON r.iso_code = c.iso_code
WHERE c.iso_code = ANY ($1)
ORDER BY r.rule_id
