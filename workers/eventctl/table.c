/* The table of commands: parsing, help and manual page come from it.
 *
 * A new command is a row here and a function in a file of its own. Nothing is run here, so nothing
 * is lost if the process dies. */

#include "aside.h"
#include "audit.h"
#include "base/macro.h"
#include "command.h"
#include "output.h"
#include "topic_list.h"
#include "trace.h"

static const struct command_option option_to = {
        "to", "N", "Stop when N is the highest version that is applied."
};
static const struct command_option option_profile = {
        "profile", "PROFILE",
        "Either full, with every index and foreign key of the original schema document, or core, "
        "with those that the workers' own queries need. Without it a database keeps the profile "
        "it has, and a new one is full. Changing it applies or undoes the files that make the "
        "difference."
};
/* An option of the command, so it is typed each time; see command.c. */
static const struct command_option option_yes = {
        "yes", NULL, "Undo it although rows are lost, or an applied file has changed."
};

/* There is no --yes for `up`: a change of profile that would lose rows is refused. */
static const struct command_option *const up_options[] = { &option_to, &option_profile };
static const struct command_option *const down_options[] = { &option_to, &option_yes };
static const struct command_option *const result_options[] = { &output_option };

static const struct command_option option_replication = {
        "replication", "N",
        "How many brokers have each record. Without it 3, or 1 where there is one broker only; two "
        "brokers are not guessed about. From 2 on, min.insync.replicas is 2, so that no broker "
        "that dies takes an acknowledged record with it."
};
static const struct command_option *const topics_options[] = { &option_replication,
                                                               &output_option };

static const struct command_option option_source = {
        "source", "URI", "The ce_source of events that do not say theirs; /eventctl without it."
};
static const struct command_option option_dry_run = {
        "dry-run", NULL, "Read and check all lines, and send nothing; Kafka is not needed."
};
static const struct command_option *const produce_options[] = { &option_source, &option_dry_run };

static const struct command_option option_from = {
        "from", "PLACE",
        "Where to begin: beginning, end, or a time such as 2025-01-31T12:00:00Z, which is compared "
        "with the timestamps of records. The default is end, and beginning with --until."
};
static const struct command_option option_until = {
        "until", "end", "Stop at what is the end of the topics now, instead of going on for ever."
};
static const struct command_option option_key = { "key", "KEY", "Only records of this key." };
static const struct command_option option_type = { "type", "TYPE", "Only events of this type." };
static const struct command_option option_bytes = {
        "bytes", NULL,
        "Show the bytes of records that cannot be read also where they may hold a secret."
};
static const struct command_option option_lines = {
        "o", "FORMAT",
        "Either text, a line for people, or json, one object a line. The default is text."
};
static const struct command_option *const tail_options[] = {
        &option_from, &option_until, &option_key, &option_type, &option_bytes, &option_lines,
};

/* Which records lie aside are meant, and what it takes to change something about them. */
#define PARK_SELECTION                                                                \
        &aside_database, &aside_group, &aside_topic, &aside_partition, &aside_offset, \
                &aside_aggregate, &aside_cause
#define DLQ_SELECTION                                                                             \
        &aside_database, &aside_seq, &aside_group, &aside_topic, &aside_partition, &aside_offset, \
                &aside_cause
#define LANE_SELECTION &aside_database, &aside_group, &aside_topic, &aside_partition
#define CHANGE         &aside_all, &aside_reason, &aside_yes, &output_option

static const struct command_option *const park_ls_options[] = { PARK_SELECTION, &output_option };
static const struct command_option *const park_show_options[] = { PARK_SELECTION, &option_bytes,
                                                                  &option_lines };
static const struct command_option *const park_options[] = { PARK_SELECTION, CHANGE };
static const struct command_option *const dlq_ls_options[] = { DLQ_SELECTION, &aside_settled,
                                                               &output_option };
static const struct command_option *const dlq_show_options[] = { DLQ_SELECTION, &option_bytes,
                                                                 &option_lines };
static const struct command_option *const dlq_options[] = { DLQ_SELECTION, CHANGE };
static const struct command_option option_into = {
        "into", "CONNINFO",
        "The database to fill, as libpq writes it: \"host=... dbname=...\" or a URI. A password "
        "belongs into PGPASSFILE."
};
static const struct command_option option_until_cut = {
        "until", "TIME|N|OFFSETS",
        "Facts in front of the first that was recorded after a time, as 2025-01-31T12:00:00Z or, "
        "which is its midnight in UTC, 2025-01-31; up to the fact of a number; or in front of the "
        "first that stands at or behind an offset, as "
        "order.events/3=120,stock.events/3=77. What was committed together stays together. Without "
        "it all that is published."
};
static const struct command_option option_from_archive = {
        "from", "topics|DIR",
        "Where the facts are read: their topics in Kafka, as without it, or files that eventctl "
        "export has made, DIR/DATABASE, and those of customer_db beside it."
};
static const struct command_option *const rebuild_options[] = { &option_into, &option_from_archive,
                                                                &option_until_cut, &output_option };

static const struct command_option option_with = {
        "with", "CONNINFO",
        "The rebuilt database, as libpq writes it. A password belongs into PGPASSFILE."
};
static const struct command_option option_limit = {
        "limit", "N", "Show N differences at most; 100 without it. All are counted."
};
static const struct command_option option_since_fact = {
        "since", "PLACE",
        "Begin at a number of the outbox, or at the first fact that was recorded at a time such as "
        "2025-01-31T12:00:00Z or 2025-01-31, or later. Without it, at the first number that is "
        "still there."
};
static const struct command_option option_repeated = {
        "repeated", NULL,
        "List records that stand on their topic once more with the same bytes, too. That is no "
        "difference: a relay that was cut off publishes again what it had in hand."
};
static const struct command_option *const reconcile_options[] = { &option_since_fact,
                                                                  &option_repeated, &option_limit,
                                                                  &output_option };

static const struct command_option *const diff_options[] = { &option_with, &option_limit,
                                                             &output_option };

static const struct command_option option_since = {
        "since", "PLACE",
        "Where to begin; required: beginning, end, a time such as 2025-01-31T12:00:00Z, which is "
        "compared with the timestamps of records, an offset, of each partition, or a list such as "
        "3=120,4=88, which leaves out the partitions that it does not name."
};
static const struct command_option option_before = {
        "until", "PLACE",
        "Where to end, as for --since: the record at an offset, or of a time, is not sent any "
        "more. "
        "The default is end, which is what is the end of the topic now."
};
static const struct command_option option_types = {
        "types", "T1,T2", "Only events of these types, which may be given by their last word."
};
static const struct command_option option_target = {
        "to", "TOPIC|group:NAME",
        "Where to; required: a topic of the new subscriber's own, or a new consumer group that "
        "reads the topic itself."
};
static const struct command_option option_rate = { "rate", "N",
                                                   "At most N records a second; 1000 without it." };
static const struct command_option option_why = {
        "reason", "TEXT", "Why; required. It goes with each copy, as a header."
};
static const struct command_option option_do = {
        "yes", NULL, "Do it. Without it what would be sent is counted, and nothing is."
};
static const struct command_option *const replay_options[] = {
        &option_since, &option_before, &option_types, &option_key,    &option_target,
        &option_rate,  &option_why,    &option_do,    &output_option,
};

/* Told from facts alone, so it takes no backup to ask for last week. */
static const struct command_option option_at = {
        "at", "TIME",
        "The moment: a time such as 2025-01-31T12:00:00Z "
        "or 2025-01-31. What was recorded by then counts. Without "
        "it all that is recorded."
};
static const struct command_option *const order_show_options[] = { &option_at, &output_option };
static const struct command_option *const trace_options[] = { &trace_output_option };

static const struct command_option option_archives = {
        "to", "DIR",
        "Where archives lie: that of a database is the folder DIR/DATABASE, which is made."
};
static const struct command_option option_export_since = {
        "since", "PLACE",
        "Where a new archive begins: a number of the outbox, or a time such as "
        "2025-01-31T12:00:00Z or 2025-01-31, which stands for the first number recorded then or "
        "later. Without it with the first partition that the database has."
};
static const struct command_option option_export_until = {
        "until", "PLACE",
        "Where it ends: a number, which is the last one, or a time, before whose first number it "
        "ends. Without it with the last fact that the relay has published."
};
static const struct command_option *const export_options[] = {
        &option_archives, &option_export_since, &option_export_until, &output_option
};
static const struct command_option *const outbox_drop_options[] = { &aside_yes, &output_option };
static const struct command_option option_at_rest = {
        "at-rest", NULL,
        "Ask also the laws that hold only when the input has ended and all of it is applied and "
        "published; where facts are on their way, they are broken without a fault."
};
static const struct command_option option_law_limit = {
        "limit", "N", "Show N violations of a law at most; 10 without it. All are counted."
};
static const struct command_option *const laws_options[] = { &option_at_rest, &option_law_limit,
                                                             &output_option };

static const struct command_option *const lane_ls_options[] = { LANE_SELECTION, &output_option };
static const struct command_option *const lane_options[] = { LANE_SELECTION, &aside_from, CHANGE };

/* In the order in which help and manual page show them; no name is the beginning of another. */
static const struct command_option option_secret_to = { "to", "FILE",
                                                        "The new file of the private key." };
static const struct command_option *const audit_key_options[] = { &option_secret_to };

static const struct command_option option_secret = {
        "key", "FILE", "The file of the private key, which others must not be able to read."
};
static const struct command_option option_older = {
        "older", "KEY",
        "A public key, or a file with one a line, that earlier seals may be signed with: where the "
        "key was changed."
};
static const struct command_option option_folder = {
        "to", "DIR", "Also write the newest checkpoint to a file in this folder."
};
static const struct command_option *const audit_seal_options[] = { &option_secret, &option_older,
                                                                   &option_folder, &output_option };
static const struct command_option *const audit_check_options[] = { &audit_option_key,
                                                                    &output_option };
static const struct command_option *const audit_prove_options[] = { &audit_option_checkpoint };
static const struct command_option option_old = { "old", "FILE", "The older signed checkpoint." };
static const struct command_option option_new = {
        "new", "FILE", "The newer one; without it that of the newest seal."
};
static const struct command_option *const audit_consistency_options[] = { &option_old, &option_new,
                                                                          &audit_option_key };
static const struct command_option *const audit_verify_options[] = { &audit_option_key,
                                                                     &output_option };

const struct command commands[] = {
        { "migrate up", "DATABASE", "apply migrations",
          "Applies the migrations that a database lacks, in the order of their numbers. Each runs "
          "in a transaction of its own together with its row in the version table, so a migrator "
          "that is interrupted leaves none half done. Two migrators wait for each other. Nothing "
          "is done when an applied file has changed or is missing, which is exit status 4.",
          up_options, EV_ARRAY_SIZE(up_options), migrate_up },
        { "migrate down", "DATABASE", "undo migrations",
          "Undoes migrations, the highest number first; all of them unless --to is given. It is "
          "first tried in a transaction that is rolled back: when a table that goes, or loses a "
          "column, has rows that the migrations themselves would not bring back, nothing is "
          "undone and the exit status is 3.",
          down_options, EV_ARRAY_SIZE(down_options), migrate_down },
        { "migrate status", "DATABASE", "show what is applied and what is not",
          "Shows each migration with its state: applied, pending, left out (not part of the "
          "database's profile), changed (the file is another one than was applied) or unknown "
          "(there is no such file). With a changed or an unknown one the exit status is 4.",
          result_options, EV_ARRAY_SIZE(result_options), migrate_status },
        { "migrate verify", "DATABASE", "check that a database is as its migrations made it",
          "Compares a database with its migrations: every file applied and unchanged, every "
          "object there and as it should be, by the statements of the verify.sql files. Shows "
          "what differs; if anything does, the exit status is 4.",
          result_options, EV_ARRAY_SIZE(result_options), migrate_verify },
        { "schema ids", NULL, "list the schemas that this program knows",
          "Lists every schema version that was ever published, by rising id: the id that stands in "
          "the frame of each value, the full name of the event, its version, and the file below "
          "schemas/. It is the list that was compiled in, so it tells what programs of this "
          "version can read; neither database nor configuration is needed.",
          result_options, EV_ARRAY_SIZE(result_options), schema_ids },
        { "topics plan", NULL, "show what topics apply would make",
          "Compares the topics of the cluster with those that the system needs: ingress and facts "
          "of each context, of relay.fact_partitions partitions, and dead letters, of "
          "relay.dead_letter_partitions. A topic is missing, present, differs (in a setting or its "
          "replicas) or is refused (another number of partitions). If any is not present, the exit "
          "status is 4. Nothing is changed.",
          topics_options, EV_ARRAY_SIZE(topics_options), topics_plan },
        { "topics apply", NULL, "make the topics that are missing",
          "Makes the topics that topics plan shows as missing, and waits until their leaders "
          "answer. What exists is never changed: a topic with another number of partitions is "
          "refused, which is exit status 3, and nothing is made then; settings that differ are "
          "shown, which is exit status 4, and are the operator's to change.",
          topics_options, EV_ARRAY_SIZE(topics_options), topics_apply },
        { "produce", "TOPIC", "send events, one line of JSON each",
          "Reads events from the standard input and sends them to an ingress topic, in their "
          "order, "
          "until all replicas have them. A line is an object with type and data, and if wanted "
          "key, "
          "id, source, time, subject, correlation, causation, causation_source, traceparent and "
          "tracestate; data has the form that tail -o json prints, whose lines are taken as they "
          "are. What is left out is filled in: an id, the source, the present time, and key and "
          "subject by the contract of the type; an event that does not say its company needs its "
          "key. Types may be given by their last word where that is unambiguous, and a topic of "
          "the "
          "system as order.ingress for quenty.order.ingress.v1. The first line that is wrong ends "
          "it with exit status 1: lines before it are acknowledged, none behind it is sent. Topics "
          "of facts and dead letters are refused, which is exit status 3.",
          produce_options, EV_ARRAY_SIZE(produce_options), produce },
        { "tail", "TOPIC ...", "show what stands on topics",
          "Reads topics and shows each record, decoded by the version of its schema: time, "
          "topic[partition]@offset, type, subject and fields. Records of a partition come in their "
          "order, partitions and topics as they arrive. With -o json each line is an event as "
          "produce takes it, which gives the same key, headers and bytes again. Secrets are shown "
          "as ***. A record that cannot be read is shown with the reason (refusal, detail) and its "
          "bytes as base64, unless they may hold a secret. Nothing is committed. Ends by an "
          "interrupt, which is exit status 0, or at the end with --until.",
          tail_options, EV_ARRAY_SIZE(tail_options), tail },
        { "status", NULL, "show how workers and relays are doing",
          "Asks the databases whose conninfo is given, or all three if none is, and Kafka. First "
          "come halted lanes, databases where something has waited for 10 s and no relay leads "
          "(stalled), and parked aggregates, with the command that goes on; then for each "
          "database its lag by topic and partition, what waits, dead letters, what is unpublished "
          "and since when, and whether a relay leads. A database that is not reached is named. The "
          "exit status is 4 when anything is halted, stalled or parked, else 1 when something was "
          "not "
          "reached. JSON has alarming, kafka_error, and databases, a list of database, error, "
          "lanes "
          "(group, topic, partition, next_offset, end_offset, lag, halted_reason, halted_at), "
          "parked "
          "(group, topic, partition, aggregate, first_offset, records, reason, detail, parked_at, "
          "redrive), parked_records, waiting_records, next_deadline, dead_letters, "
          "open_dead_letters "
          "(neither sent again nor dropped), "
          "newest_dead_letter, and relay (outbox and dead_letter, each with published_seq, "
          "backlog, "
          "oldest_unpublished_at and moved_at; stalled; leader with pid, application and since, or "
          "null).",
          result_options, EV_ARRAY_SIZE(result_options), status },
        { "park ls", NULL, "list records that lie aside",
          "Lists records that are parked for a person, and those that wait for something not yet "
          "known, by group, topic, partition and offset. JSON has records, a list of database, "
          "topic, partition, offset, aggregate, reason, state (parked, asked for, waiting), "
          "attempts, parked_at, value_bytes, group and detail.",
          park_ls_options, EV_ARRAY_SIZE(park_ls_options), park_ls },
        { "park show", NULL, "show records that lie aside, whole",
          "Shows records that lie aside with their headers, the event that they are, and what was "
          "done about them by whom and why. Secrets are shown as ***. With -o json each line is an "
          "object of database, group, topic, partition, offset, aggregate, state, reason, detail, "
          "since, headers (name, and value as base64), event (as tail -o json has it) or refusal "
          "and refusal_detail with key_base64 and value_base64 unless they may hold a secret, and "
          "interventions (at, actor, client, action, reason, detail). When there is none, the exit "
          "status is 1.",
          park_show_options, EV_ARRAY_SIZE(park_show_options), park_show },
        { "park retry", NULL, "let parked records be tried again",
          "Asks for parked records to be tried again, and keeps the reason in ev.intervention. The "
          "worker that owns their partition does it within two seconds, those of an aggregate in "
          "their order: what was only held behind a record that succeeds follows by itself, and "
          "behind one that fails again the others stay. Records that wait for something not yet "
          "known are not touched. Without --yes what would be done is shown, and nothing is "
          "changed. JSON has action, mode (dry run or done) and records as park ls, whose state "
          "says what was done. When nothing is selected that is there, or something was gone "
          "before it could be done, the exit status is 1.",
          park_options, EV_ARRAY_SIZE(park_options), park_retry },
        { "park drop", NULL, "give parked records up",
          "Moves parked records to the dead letters, whole, and keeps the reason in "
          "ev.intervention. They have had no effect: dlq redrive sends them again. What was held "
          "behind them goes on in its order, by itself. Without --yes what would be done is shown, "
          "and nothing is changed. JSON and exit status are those of park retry.",
          park_options, EV_ARRAY_SIZE(park_options), park_drop },
        { "dlq ls", NULL, "list dead letters",
          "Lists dead letters that are open, that is, neither sent again nor dropped, by their "
          "number. JSON has records, a list of database, seq, topic, partition, offset, reason, "
          "state (open, unfinished: sending was not noted as done; redriven, dropped), created_at, "
          "value_bytes, group and detail.",
          dlq_ls_options, EV_ARRAY_SIZE(dlq_ls_options), dlq_ls },
        { "dlq show", NULL, "show dead letters, whole",
          "Shows dead letters, settled ones too, as park show shows parked records; in place of "
          "aggregate there is seq.",
          dlq_show_options, EV_ARRAY_SIZE(dlq_show_options), dlq_show },
        { "dlq redrive", NULL, "send dead letters again",
          "Sends dead letters to the topic and partition that they came from, in the order of "
          "their numbers, with key, value and headers as they came and one header more, "
          "dlq-redrive, which is DATABASE/SEQ; and keeps the reason in ev.intervention. A dead "
          "letter has had no effect, so that it is no duplicate; sent once more, it is one. One "
          "that cannot be applied now either becomes a dead letter again, of another number. Facts "
          "are the relays' to send: a dead one goes back into ev.parked and is tried there. "
          "Without --yes what would be done is shown, and nothing is changed. One that is settled "
          "already and is asked for by --seq is refused, which is exit status 3. JSON has action, "
          "mode (dry run or done) and records as dlq ls, whose state says what was done. When "
          "there is nothing to send, or Kafka did not acknowledge, the exit status is 1.",
          dlq_options, EV_ARRAY_SIZE(dlq_options), dlq_redrive },
        { "dlq drop", NULL, "settle dead letters",
          "Notes that nothing more is to be done about dead letters, and keeps the reason in "
          "ev.intervention. The dead letters stay in ev.dead_letter, as evidence, and on their "
          "topic. Without --yes what would be done is shown, and nothing is changed. JSON and exit "
          "status are those of dlq redrive.",
          dlq_options, EV_ARRAY_SIZE(dlq_options), dlq_drop },
        { "lane ls", NULL, "list partitions that stand still",
          "Lists halted lanes, which are partitions as a group reads them, and why. JSON has "
          "lanes, a list of database, group, topic, partition, next_offset, state, halted_at and "
          "reason.",
          lane_ls_options, EV_ARRAY_SIZE(lane_ls_options), lane_ls },
        { "lane resume", NULL, "let a partition go on that stands still",
          "Lets halted lanes go on, where they stand or, with --from, behind what is gone or "
          "cannot "
          "be read, and keeps the reason in ev.intervention. Their worker notices within two "
          "seconds. An offset in front of where a lane stands, or the beginning, is refused, which "
          "is exit status 3, since records would be applied twice; but not where the lane was "
          "halted for another log, of which nothing may have been applied. What is read again then "
          "has no second effect: events of others are known by their ids for a week at least and "
          "their requests by what they ask for, facts by their numbers. Records of the log before "
          "that still lie aside become dead letters. Without --yes what would be done is shown, "
          "and nothing is "
          "changed. JSON has action, mode (dry run or done) and lanes as lane ls. When no lane of "
          "the selection is halted, the exit status is 1.",
          lane_options, EV_ARRAY_SIZE(lane_options), lane_resume },
        { "rebuild", "DATABASE", "fold a database anew from its facts",
          "Reads all facts of customer_db, order_db or intl_shipping_db from their topics and "
          "applies "
          "them to the empty database of --into, which was made for this and migrated as DATABASE: "
          "by the folds of the same worker, in the order in which they were committed. While the "
          "system runs, the connection of the live database (order_db.conninfo) has to be given: "
          "it is asked up to which fact all are published, and how far it has read the facts of "
          "others; they are read to there. Without it the topics are read to their ends. Of "
          "others, whose facts have an order of their own, --until TIME takes from each partition "
          "those in front of the first later one. Columns that no fact carries, which are password "
          "hashes, and ids that only the database uses are others than in the live one. It can be "
          "stopped or killed at any time, and the same command goes on. A database that has rows "
          "of its own is refused, and so is --until behind what is published, which is exit status "
          "3; a fact that cannot be read, or before which others are missing, or that was applied "
          "already and lies behind --until, ends it with exit status 1 and its place. JSON has "
          "database, facts, repeated (published twice, and passed over), seconds and "
          "facts_a_second.",
          rebuild_options, EV_ARRAY_SIZE(rebuild_options), rebuild },
        { "diff", "DATABASE", "compare a live database with a rebuilt one",
          "Compares customer_db, order_db or intl_shipping_db with the database of --with, which "
          "\"eventctl rebuild\" has filled: every table that facts make, row by row by its natural "
          "key, every column, times included. Left out are what no fact carries "
          "(users.password_hash, "
          "shipping_carriers.api_key), ids that only the database uses, for which what they name "
          "stands, the schema ev, and holidays, which have no facts. The live one is seen as it "
          "was at "
          "one moment, and may go on meanwhile. A rebuilt one that is not there yet is folded on "
          "to "
          "just that moment, for which Kafka and the relay are needed; one that is further is "
          "refused, which is exit status 3. A database that no rebuild has filled, such as a copy, "
          "is compared as it stands. Memory does not grow with the tables. A difference is a line: "
          "table, key, column, and both values; a row that one side does not have names no column. "
          "If there is any, the exit status is 4. JSON is a list of objects with table, key, "
          "column, live and rebuilt.",
          diff_options, EV_ARRAY_SIZE(diff_options), diff },
        { "export", "DATABASE", "write the facts of a database to files",
          "Writes the facts of customer_db, order_db or intl_shipping_db that the relay has "
          "published as Avro object container files, one for each topic and day (UTC) of their "
          "recording, which every implementation of Avro reads, and a manifest.json with their "
          "hashes. An archive holds one range of numbers, without a hole; called again, it goes on "
          "where the archive ends, and days that get further facts are written anew. The same "
          "range "
          "gives the same bytes, in however many steps. It can be stopped or killed at any time: "
          "the archive is then what it was, or the same command finishes it. An archive of another "
          "database, or of one that was restored to an earlier point, is refused, which is exit "
          "status 3; numbers that are neither facts nor explained are exit status 4. Of a database "
          "that has published nothing yet the archive is empty, and its last_seq is 0. What was "
          "exported is noted in ev.outbox_export. JSON has database, first_seq and last_seq (of "
          "the "
          "archive), facts (new ones), files, gaps, seconds, facts_a_second and manifest_sha256.",
          export_options, EV_ARRAY_SIZE(export_options), export_facts },
        { "outbox drop", "DATABASE", "drop partitions of the outbox",
          "Drops partitions that are published, exported and past retention, the lowest first, and "
          "shows why the others stay. ev.outbox_retention says how long facts are kept and whether "
          "they have to be exported; ev.outbox_export has what was. Partitions are detached first "
          "without keeping anybody from writing; an interrupted call is gone on with by the next. "
          "Only the owner of the tables can do it. JSON is a list of objects with partition, "
          "lower_seq, upper_seq (not included), state (dropped, would go or stays) and refusal.",
          outbox_drop_options, EV_ARRAY_SIZE(outbox_drop_options), outbox_drop },
        { "replay", "TOPIC", "send records once more, to a new subscriber",
          "Copies records of a topic to another one, which is a new subscriber's own: key, value "
          "and "
          "headers as they are, in the order of their partition, to the same partition where the "
          "target has as many, else to that of their key. Behind the headers come four more: "
          "quenty-replay, the name of the run; replay-of, which is topic[partition]@offset; "
          "replay-time, the timestamp of the record; and replay-reason. Without --yes what would "
          "be "
          "sent is counted by partition and type, the first five records are shown, and nothing is "
          "sent. An interrupt waits for what is on its way and says where to go on, with exit "
          "status "
          "1; also after a crash the same command goes on behind what is on the target already, as "
          "the same topics, --since, --types, --key and --reason are the same run. What holds a "
          "secret, or may because it cannot be told, is never copied; nor is, with --types, what "
          "has "
          "no type: both are counted. Topics of the system, Kafka's own, and those that do not "
          "exist "
          "are refused as a target, which is exit status 3. With --to group:NAME nothing is "
          "copied: "
          "a consumer group that there is not yet is given the offsets of --since, where it "
          "begins; "
          "a group that has members or offsets, or is a worker's, is refused. JSON has action, "
          "mode "
          "(dry run, done, stopped, failed), topic, to, run, reason, next and until (where to go "
          "on, "
          "as lists of places; empty: all is done), and records, a list of partition, type, state "
          "(would be sent, sent, there already, secret, no type), records, first_offset and "
          "last_offset; of a group action, mode, topic, group, reason, and partitions, a list of "
          "partition, offset, end_offset and records.",
          replay_options, EV_ARRAY_SIZE(replay_options), replay },
        { "audit key", "NAME", "make a pair of keys for checkpoints",
          "Makes an Ed25519 key that checkpoints are signed with, called NAME, which is a word "
          "such "
          "as quenty-production. The private key goes to the new file of --to, which only its "
          "owner "
          "may read; the public one to the standard output, as Go's golang.org/x/mod/sumdb/note "
          "writes keys. It is given to everybody who verifies.",
          audit_key_options, EV_ARRAY_SIZE(audit_key_options), audit_key },
        { "audit seal", "DATABASE", "sign what stands in the outbox",
          "Adds the facts behind the last seal, up to where the relay has published, to a Merkle "
          "tree (RFC 6962), and signs its root and size as a checkpoint (C2SP tlog-checkpoint). "
          "The "
          "seal goes to ev.seal, which is append-only, to the topic " TOPIC_OF_CHECKPOINTS
          ", and to "
          "the file DATABASE.checkpoint of --to. To be run from a timer, as the role "
          "order_sealer and so on; whatever was left by one that was killed the next one does. "
          "Facts that are sealed are not read again, but what is gone on from must be what was "
          "signed, and have what the file of --to has: else nothing is sealed and the exit status "
          "is 4. Who keeps a copy of a checkpoint outside of the database can show with it that "
          "nothing below was changed since. JSON has log, sealed (facts of this run), size, "
          "last_seq and published (seals sent by this run).",
          audit_seal_options, EV_ARRAY_SIZE(audit_seal_options), audit_seal },
        { "audit check", "DATABASE", "compare the outbox with all of its seals",
          "Reads the whole outbox again and compares it with every seal in ev.seal, each of which "
          "must be signed by one of the keys. A line says between which numbers rows were changed, "
          "removed or added since they were sealed, or what is wrong with a seal; from there on "
          "the next seals are judged by themselves. Seals of rows whose partitions were dropped "
          "are "
          "passed over, and it is said. If there is a line, or nothing is sealed, the exit status "
          "is "
          "4. Seals that were removed at the end only those can miss who have kept one: "
          "see \"audit consistency\". JSON is a list of objects with from_seq, to_seq, rows (that "
          "are there), sealed (that were) and problem.",
          audit_check_options, EV_ARRAY_SIZE(audit_check_options), audit_check },
        { "audit prove", "DATABASE EVENT_ID", "prove that a fact was sealed",
          "Writes a proof that the fact with this event_id stands in the outbox as it was sealed, "
          "to the standard output: a text (C2SP tlog-proof) with the fact itself, its place, the "
          "hashes from there to the root, and the signed checkpoint. \"audit verify\" checks it "
          "without a server. The outbox is read through; where partitions were dropped, behind the "
          "first seal that has all of their facts, for which that seal stands. When the outbox, or "
          "that seal, is not what was signed there is no proof, and the exit status is 4; a fact "
          "that is not there any more, or up to that seal, or not sealed yet, is exit status 1. "
          "Of one that was dropped \"audit verify\" of an archive from the first fact on tells.",
          audit_prove_options, EV_ARRAY_SIZE(audit_prove_options), audit_prove },
        { "audit consistency", "DATABASE", "prove that a checkpoint goes on from an older one",
          "Shows that everything of the older checkpoint stands unchanged in the newer one, which "
          "is that of the newest seal without --new, and writes the proof to the standard output, "
          "for \"audit verify\". Both must be signed by one of the keys. When the newer does not "
          "begin with the older, or the outbox is not what was sealed, the exit status is 4. Where "
          "partitions were dropped the older one must have as many facts as the first seal that "
          "has "
          "all of theirs; else there is no proof any more, and the exit status is 1.",
          audit_consistency_options, EV_ARRAY_SIZE(audit_consistency_options), audit_consistency },
        { "audit verify", "PATH ...", "check proofs and archives without a server",
          "Checks files that \"audit prove\" and \"audit consistency\" have written, and folders "
          "that "
          "\"export\" has made (DIR/DATABASE), by the public key alone: no server and no "
          "configuration "
          "is needed. Each line says whether it holds, of which log and size, and by whose key; of "
          "a "
          "fact what it is, of two checkpoints the older size. Of an archive, whose checkpoint is "
          "the "
          "one that was the newest when it was exported, every fact is held against what was "
          "sealed, "
          "and each that was changed is named; facts behind the checkpoint are counted. An empty "
          "one has no checkpoint, and does not hold. If anything does not hold, the exit status is "
          "4. JSON is a list of objects with file, result "
          "(holds, "
          "fails, or of a fact in an archive changed), log, size, signed_by, event_id, type, "
          "subject, "
          "seq, recorded_at, old_size and detail.",
          audit_verify_options, EV_ARRAY_SIZE(audit_verify_options), audit_verify },
        { "trace", "ID", "tell the story of an order or of an event",
          "ID is an order number, the id of a manifest, or the id of any event. Of an order it "
          "puts "
          "together what happened to it and its manifest: events of other systems, the facts that "
          "they caused, also in other databases, what these caused, and records that lie aside. Of "
          "an event it shows the tree that it stands in: all that the first of its causes has led "
          "to. Effects stand below their cause, in order of time and number; what is parked, waits "
          "or is a dead letter stands below the event that it is. Each has its transaction's time; "
          "how long it came after its cause, that is, of a fact, from when the cause was recorded "
          "or "
          "taken to when its own transaction began, and of an event of another system from when it "
          "was sent to when it was taken; and where it is recorded: the number in the outbox of a "
          "database, topic, partition and, where Kafka answers, offset. It reads the outboxes "
          "through, which takes its time on large ones. JSON has id, order_number, order and "
          "manifest (their present rows, or null), errors (by database, and kafka), and steps, in "
          "order of time, a list of kind (ingress, fact, parked, waiting, dead_letter), at, "
          "after_us (since the first), cause (the number of a step from 0, or null), depth, "
          "latency_us (since its cause), published_us (from transaction to topic, where the topic "
          "has its own times), type, subject, id, source, correlation, causation, "
          "causation_source, "
          "outcome, database, seq, published, topic, partition, offset, sent_at (the record's "
          "time), "
          "reason, detail and data. The exit status is 1 when nothing is known of it or a database "
          "was not reached.",
          trace_options, EV_ARRAY_SIZE(trace_options), trace },
        { "order show", "ORDER_NUMBER", "show an order as it was at a time",
          "Shows an order, its lines, the pieces of lots that are and were reserved for it, and "
          "its "
          "manifest with items and quotes, as they were at the moment of --at: told from the facts "
          "in the outboxes of order_db and intl_shipping_db alone, of which those count whose "
          "transaction began by then. Nothing that was changed by hand is in it. Facts whose "
          "outbox "
          "partitions were dropped are on the topics only: when some of the order's are missing, "
          "that is said, and the exit status is 1; eventctl rebuild --until reads topics. It reads "
          "the "
          "outboxes through. JSON has at, order (the columns of orders and order_extras, lines, "
          "and "
          "reservations with the lot, status and quantity) and manifest (the columns of manifests "
          "and manifest_orders, items, and quotes), each null where there was none. The exit "
          "status "
          "is also 1 when nothing was known of the order then, or a database was not reached.",
          order_show_options, EV_ARRAY_SIZE(order_show_options), order_show },
        { "audit reconcile", "DATABASE", "prove that the facts of a database are on their topics",
          "Compares the outbox of customer_db, order_db or intl_shipping_db with its topics, in "
          "both "
          "directions: for each fact up to the position of the relay the record is made as the "
          "relay "
          "makes it, and compared byte for byte with the one that stands there: key, value, "
          "headers, "
          "timestamp, partition, predecessor. It may run while the system does, changes nothing, "
          "and "
          "its memory does not grow with the tables. Where old partitions of the outbox were "
          "dropped "
          "it begins behind them, and says so. Differences, each with number, event, topic, "
          "partition "
          "and offset as far as it has them: missing_record (a fact that is not on its topic), "
          "missing_row (a record of this database whose row is not there: removed, or of a "
          "timeline "
          "that was lost), changed (with what differs), reordered (behind later ones of its "
          "partition), wrong_partition, gap (numbers that are missing, and the relay has not put "
          "on "
          "record why), foreign (a record of another source) and unreadable (one without source or "
          "number). Not a difference, but listed: void (of an earlier timeline that a person has "
          "given "
          "up by relay.accept_fork). If there is any difference, the exit status is 4. Of a "
          "database "
          "that is one of several, the setting shard says which partitions are its own. JSON has "
          "database, findings, a list of kind, seq, event_id, topic, partition, offset and detail, "
          "and "
          "the numbers from_seq, to_seq, facts, later_facts (behind to_seq), records, passed_over, "
          "never_came, repeated, void, differences and facts_a_second.",
          reconcile_options, EV_ARRAY_SIZE(reconcile_options), audit_reconcile },
        { "audit laws", "[DATABASE ...]", "check what must hold in the databases",
          "Asks the given databases, or all whose conninfo is configured, whether the laws hold: "
          "that a "
          "lot's stock is the sum of its movements, that every line of a confirmed order is "
          "reserved, "
          "that no order was both cancelled and shipped, and so on. Each law is a line with its "
          "meaning; one that is broken is shown with the rows that break it. With --at-rest also "
          "those "
          "that hold only when nothing is on its way, among them what two databases say of the "
          "same "
          "things: that an order that goes abroad has one manifest, whose items are its lines. "
          "Where "
          "old partitions of the outbox were dropped, what lies before is not asked for its facts. "
          "Each "
          "database is seen as it was at one moment; nothing is changed, and memory does not grow "
          "with "
          "the tables. If a law is broken, the exit status is 4. Of order_db, where it is one of "
          "several, the setting shard says which companies it has. JSON is a list of database, "
          "law, "
          "holds (yes or no), violations (how many), violation (one of them, as JSON; null) and "
          "meaning, "
          "a line for each violation that is shown or law that holds.",
          laws_options, EV_ARRAY_SIZE(laws_options), audit_laws },
        { "config", NULL, "show the effective configuration and where it comes from",
          "Lists every setting with its value and its origin: file and line, environment and the "
          "variable, argument, or default. A secret is shown as the path of its file, and a value "
          "that holds a password by mistake as ***.",
          result_options, EV_ARRAY_SIZE(result_options), config_show },
};
const size_t commands_count = EV_ARRAY_SIZE(commands);
