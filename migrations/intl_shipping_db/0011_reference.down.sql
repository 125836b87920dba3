DROP TABLE holidays, country_rules, shipping_carriers, countries;
