-- What persons did to records that lay aside and to lanes that stood still, and why: for auditors.
-- Append-only. Who and when are the database's word and not the tool's, so nobody may write these
-- columns; client is what the tool says of the person in front of it.
CREATE TABLE ev.intervention (
    seq         bigint GENERATED ALWAYS AS IDENTITY,
    acted_at    timestamptz NOT NULL DEFAULT transaction_timestamp(),
    actor       text COLLATE "C" NOT NULL DEFAULT session_user,
    client      text NOT NULL DEFAULT '',
    action      text COLLATE "C" NOT NULL,
    group_name  text COLLATE "C" NOT NULL,
    topic       text COLLATE "C" NOT NULL,
    partition   integer NOT NULL,
    "offset"    bigint NOT NULL,
    aggregate   text COLLATE "C",
    dead_letter bigint,                             -- ev.dead_letter.seq
    reason      text NOT NULL,                      -- the person's
    detail      text NOT NULL DEFAULT '',
    CONSTRAINT intervention_pkey PRIMARY KEY (seq),
    CONSTRAINT intervention_action CHECK (action IN ('park retry', 'park drop', 'dlq redrive', 'dlq redriven',
                                                     'dlq drop', 'lane resume')),
    CONSTRAINT intervention_place CHECK (partition >= 0 AND ("offset" >= 0 OR "offset" = -2)),
    CONSTRAINT intervention_reason CHECK (btrim(reason) <> '')
);

-- What has become of a dead letter is told by it alone: its row never changes, because the relay sends
-- rows by their number and once.
CREATE INDEX intervention_dead_letter ON ev.intervention (dead_letter, action)
WHERE dead_letter IS NOT NULL;

-- A record that a person drops moves from ev.parked to the dead letters, and gives up the claim of its
-- event: what has had no effect must be able to come again.
GRANT SELECT ON ev.intervention TO quenty_operator;
GRANT INSERT (client, action, group_name, topic, partition, "offset", aggregate, dead_letter, reason, detail)
    ON ev.intervention TO quenty_operator;
GRANT INSERT (created_at, "offset", partition, group_name, topic, reason, detail, key, headers, value)
    ON ev.dead_letter TO quenty_operator;
GRANT DELETE ON ev.inbox_a, ev.inbox_b TO quenty_operator;
