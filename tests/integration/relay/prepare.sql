-- What the test's writers lock before they announce something: one row an aggregate. Its version counts
-- the facts of the aggregate, so a fact's payload says which place it has in order of commit.
CREATE SCHEMA test;
CREATE TABLE test.aggregate (id integer PRIMARY KEY, version integer NOT NULL DEFAULT 0);
INSERT INTO test.aggregate (id) SELECT generate_series(0, 199);
GRANT USAGE ON SCHEMA test TO order_worker;
GRANT SELECT, UPDATE ON test.aggregate TO order_worker;
