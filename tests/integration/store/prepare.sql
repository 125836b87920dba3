-- What tests/integration/store/test_db.c works on.
CREATE SCHEMA test_db;
CREATE TABLE test_db.item (id bigint PRIMARY KEY, name text NOT NULL);

-- PostgreSQL knows that this one is empty.
CREATE TABLE test_db.grown (id bigint PRIMARY KEY, name text NOT NULL UNIQUE);
VACUUM ANALYZE test_db.grown;

CREATE TABLE test_db.slow_commit (id bigint);
CREATE FUNCTION test_db.sleep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(60);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON test_db.slow_commit
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION test_db.sleep();

CREATE SCHEMA ev;
CREATE TABLE ev.test_narrow (id bigint CHECK (id > 10)) PARTITION BY RANGE (id);
CREATE TABLE ev.test_narrow_1 PARTITION OF ev.test_narrow FOR VALUES FROM (0) TO (1000);

CREATE ROLE test_locked LOGIN PASSWORD 'open sesame';
