-- The services of all carriers, one row each, with the prices of their cards; '*' asks for them. Cards are
-- read here and not in the program: PostgreSQL knows its jsonb best. A card that lacks a price is an
-- error, which a person has to mend.
-- in: keys text[]
-- out: everywhere int4, carrier_code varchar, service_type text, carrier_name varchar, active bool
-- out: currency text, base_rate numeric, per_kg numeric, per_m3 numeric, fuel_fixed numeric
-- out: fuel_percent numeric, insurance_percent numeric, reliability_percent numeric
-- out: volumetric_divisor int8, max_weight numeric, cutoff int4, days_1 int4, days_2 int4, days_3 int4
-- out: days_4 int4, tracking_pattern text?
SELECT DISTINCT ON (c.code, s.service_type)
       0 AS everywhere, c.code AS carrier_code, s.service_type, c.name AS carrier_name, c.active, s.currency,
       s.base_rate, s.per_kg, coalesce(s.per_m3, 0) AS per_m3, s.fuel_fixed,
       coalesce(s.fuel_percent, 0) AS fuel_percent, s.insurance_percent,
       coalesce(s.reliability_percent, 100) AS reliability_percent,
       coalesce(s.volumetric_divisor, 5000) AS volumetric_divisor, s.max_weight,
       extract(hour FROM coalesce(s.cutoff, '17:00'))::int4 * 60
           + extract(minute FROM coalesce(s.cutoff, '17:00'))::int4 AS cutoff,
       coalesce(z.days_1, 0) AS days_1, coalesce(z.days_2, 0) AS days_2,
       coalesce(z.days_3, 0) AS days_3, coalesce(z.days_4, 0) AS days_4, s.tracking_pattern
FROM public.shipping_carriers c
CROSS JOIN LATERAL jsonb_to_recordset(c.supported_services) AS s (
    service_type text, currency text, base_rate numeric, per_kg numeric, per_m3 numeric,
    fuel_fixed numeric, fuel_percent numeric, insurance_percent numeric, reliability_percent numeric,
    volumetric_divisor int8, max_weight numeric, cutoff time, tracking_pattern text, transit_days jsonb)
CROSS JOIN LATERAL (
    SELECT max(t.days) FILTER (WHERE t.zone = 'zone_1') AS days_1,
           max(t.days) FILTER (WHERE t.zone = 'zone_2') AS days_2,
           max(t.days) FILTER (WHERE t.zone = 'zone_3') AS days_3,
           max(t.days) FILTER (WHERE t.zone = 'zone_4') AS days_4
    FROM jsonb_to_recordset(s.transit_days) AS t (zone text, days int4)) AS z
WHERE '*' = ANY ($1)
ORDER BY c.code, s.service_type
