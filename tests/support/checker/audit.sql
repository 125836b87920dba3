-- Keeps each move of a lane: what the checker knows about offsets and their owners. It is the harness's,
-- in a schema of its own, and undone by DROP SCHEMA test CASCADE. A row stands exactly if its transaction
-- was committed, and ids of one lane are in the order of their commits, because who moves a lane holds its
-- row's lock to the end. Applied twice it changes nothing.
--
-- owner is what the session says of itself (options='-c test.owner=NAME' in its connection string): a
-- process that connects again is the same owner. One that says nothing is known by its session.
SET client_min_messages = warning;
BEGIN;
LOCK TABLE ev.consumer_offset IN SHARE ROW EXCLUSIVE MODE;
CREATE SCHEMA IF NOT EXISTS test;
CREATE TABLE IF NOT EXISTS test.offset_history (
    id          bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    began_at    timestamptz NOT NULL DEFAULT transaction_timestamp(),
    xid         text NOT NULL DEFAULT pg_current_xact_id()::xid::text,
    operation   text NOT NULL,
    owner       text NOT NULL,
    group_name  text NOT NULL,
    topic       text NOT NULL,
    partition   integer NOT NULL,
    old_offset  bigint,
    next_offset bigint,
    old_epoch   bigint,
    epoch       bigint
);
CREATE OR REPLACE FUNCTION test.note_offset() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    lane ev.consumer_offset := coalesce(NEW, OLD);
BEGIN
    INSERT INTO test.offset_history (operation, owner, group_name, topic, partition, old_offset, next_offset,
                                     old_epoch, epoch)
    VALUES (lower(TG_OP),
            coalesce(nullif(current_setting('test.owner', true), ''), 'session ' || pg_backend_pid()),
            lane.group_name, lane.topic, lane.partition, OLD.next_offset, NEW.next_offset, OLD.owner_epoch,
            NEW.owner_epoch);
    RETURN NULL;
END
$$;
-- Where the history begins: what stood already.
INSERT INTO test.offset_history (operation, owner, group_name, topic, partition, next_offset, epoch)
SELECT 'begin', '', group_name, topic, partition, next_offset, owner_epoch FROM ev.consumer_offset
WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'offset_history');
CREATE OR REPLACE TRIGGER offset_history AFTER INSERT OR UPDATE OR DELETE ON ev.consumer_offset
FOR EACH ROW EXECUTE FUNCTION test.note_offset();
-- When: facts that were recorded before are not asked for their transaction.
CREATE TABLE IF NOT EXISTS test.history_begin (at timestamptz NOT NULL);
INSERT INTO test.history_begin SELECT clock_timestamp() WHERE NOT EXISTS (SELECT FROM test.history_begin);
COMMIT;
