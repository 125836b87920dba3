/* Keys, rows and seals for the commands of "audit".
 *
 * Rows are read in order, a page at a time, each page by a statement of its own: rows up to the relay's
 * position do not change, so one moment for all of them would show nothing else, and would keep the server
 * from cleaning up for as long.
 *
 * Nothing that a database says is believed: rows are what is judged, seals are held against their signatures,
 * and what is read of a key or a note comes from the command line. Nothing is written here; if the process
 * dies, nothing has happened. */

#include "audit.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "database.h"
#include "eventctl_sql.h"
#include "flow/settings.h"
#include "flow/shard.h"

enum {
        /* Both as a compromise: pages are in the server's memory and in ours. */
        PAGE_ROWS = 2000,
        PAGE_BYTES = 4 * 1024 * 1024,
        PARAMS_BYTES_MAX = EV_NOTE_BYTES_MAX + AUDIT_FULL_BYTES_MAX + 4096,
        KEYS_BYTES_MAX = AUDIT_KEYS_MAX * (EV_NOTE_KEY_TEXT_MAX + 2),
};

/* The columns of audit_page.sql behind those that ev_feed_fact() reads. Names come with the page and not
 * from a list in memory: one that somebody has changed, or removed, is part of what is looked for, and
 * a new one may appear at any time. */
enum { PAGE_SOURCE = 16, PAGE_TOPIC, PAGE_TYPE };

/* Columns of audit_seals.sql, audit_last_seal.sql and audit_seal_behind.sql. */
enum { SEAL_SIZE, SEAL_PREVIOUS, SEAL_LAST, SEAL_ROOT, SEAL_FULL, SEAL_NOTE, SEAL_PUBLISHED };

/* Pages are read along the index. Where a table was never analysed PostgreSQL takes a page for all that
 * is left of it and sorts the rest of the outbox for each: of 300,000 rows in 474 ms instead of 7. */
static const char by_index[] = "SET enable_bitmapscan = off; SET enable_seqscan = off";

const struct command_option audit_option_key = {
        "key", "KEY",
        "A public key, or a file with one key a line: whose signatures are taken. Keys that were "
        "in use before stay in that file for as long as there are checkpoints of them."
};
const struct command_option audit_option_checkpoint = {
        "checkpoint", "FILE", "The signed checkpoint to prove it for; without it the newest seal."
};

/* ---- Keys ---- */

/* Private keys are read as well as public ones, and verify as well: who has only that file need
 * not make another one. */
static int add_key(struct audit_keys *keys, struct ev_str text)
{
        assert(keys->count <= AUDIT_KEYS_MAX);

        if (keys->count == AUDIT_KEYS_MAX)
                return ev_fail(EV_VERDICT_STOP, "more than %d keys", AUDIT_KEYS_MAX);
        return ev_trace(ev_note_key_parse(&keys->keys[keys->count++], text));
}

/* What is no key is the name of a file. */
int audit_keys_read(struct audit_keys *keys, const char *given)
{
        _cleanup_buffer_ struct ev_buffer file = EV_BUFFER_INIT(KEYS_BYTES_MAX);
        size_t before = keys->count;
        struct ev_str text, line;
        int r;

        assert(given);

        if (add_key(keys, ev_str_of(given)) == 0)
                return 0;
        keys->count = before;
        r = ev_buffer_read_file(&file, given);
        if (r < 0)
                return ev_fail_while("neither a public key nor a file with some");
        text = ev_buffer_str(&file);
        while (r == 0 && !ev_str_is_null(line = ev_str_take(&text, '\n')))
                if (line.size > 0)
                        r = add_key(keys, line);
        if (r < 0)
                return ev_fail_while("%s", given);
        return keys->count > before ? 0 : ev_fail(EV_VERDICT_STOP, "%s has no key", given);
}

/* Without keys nothing can be said about anything, so there is no default: who trusts whom is not
 * a setting of an installation but the question that is asked. */
enum command_exit audit_keys_of(const struct command_input *input, struct audit_keys *keys)
{
        const char *given = command_value(input, "key");

        assert(keys->count == 0);

        if (!given) {
                fprintf(stderr, "eventctl %s: --key says whose signatures are taken\n",
                        input->command->name);
                return COMMAND_USAGE;
        }
        if (audit_keys_read(keys, given) == 0)
                return COMMAND_DONE;
        command_complain();
        return COMMAND_USAGE;
}

/* Of a note that several have signed the first key counts that the caller takes. One that says it is
 * ours and is not is never passed over. */
int audit_open_note(const struct audit_keys *keys, struct ev_str note, enum audit_note *ret_note,
                    struct ev_checkpoint *ret_checkpoint, const struct ev_note_key **ret_key)
{
        struct ev_str text;

        assert(ret_note && ret_checkpoint && ret_key);
        assert(keys->count <= AUDIT_KEYS_MAX);

        *ret_note = AUDIT_NOTE_OF_OTHERS;
        for (size_t i = 0; i < keys->count; ++i) {
                int r = ev_note_verify(note, &keys->keys[i], &text);

                if (r == EV_NOTE_UNSIGNED)
                        continue;
                if (r == EV_NOTE_FORGED) {
                        *ret_note = AUDIT_NOTE_FORGED;
                        return 0;
                }
                if (r == 0)
                        r = ev_checkpoint_parse(ret_checkpoint, text);
                if (r < 0)
                        return ev_trace(r);
                *ret_note = AUDIT_NOTE_SIGNED;
                *ret_key = &keys->keys[i];
                return 0;
        }
        return 0;
}

/* The text ends in front of the first blank line, which ev_note_verify() holds to be the only one. */
int audit_read_note(struct ev_str note, struct ev_checkpoint *ret_checkpoint)
{
        assert(note.data && ret_checkpoint);

        for (size_t i = 1; i < note.size; ++i)
                if (note.data[i] == '\n' && note.data[i - 1] == '\n')
                        return ev_trace(ev_checkpoint_parse(ret_checkpoint,
                                                            (struct ev_str){ note.data, i }));
        return ev_fail(EV_VERDICT_RECORD, "the checkpoint is no signed note");
}

/* Words for people; behind "is" or "it is". */
const char *audit_note_text(enum audit_note note)
{
        static const char *const texts[] = {
                [AUDIT_NOTE_SIGNED] = "signed",
                [AUDIT_NOTE_OF_OTHERS] = "signed by none of the keys that were given",
                [AUDIT_NOTE_FORGED] = "forged: the signature is of another text",
        };

        assert(note < EV_ARRAY_SIZE(texts));

        return texts[note];
}

/* A log is what one outbox holds. Two shards of order_db are two databases with numbers of their
 * own, so they are two logs: the same origin for both would let the proofs of one be shown as
 * those of the other. */
int audit_origin(const struct ev_config *config, const char *database,
                 char origin[EV_CHECKPOINT_ORIGIN_MAX])
{
        struct ev_shard shard;
        int r = ev_shard_parse(ev_config_text(config, "shard"), &shard);

        assert(database && origin);

        if (r < 0)
                return ev_trace(r);
        if (shard.count > 1)
                snprintf(origin, EV_CHECKPOINT_ORIGIN_MAX, "quenty/%s/%d-of-%d", database,
                         shard.index, shard.count);
        else
                snprintf(origin, EV_CHECKPOINT_ORIGIN_MAX, "quenty/%s", database);
        return 0;
}

/* ---- Sessions, rows ---- */

/* The name is checked before anybody connects. Sessions that only read are those of "diff", whose
 * statements may take an hour: finding an event reads the outbox through. */
enum command_exit audit_begin(struct audit *audit, const struct command_input *input, bool changes)
{
        int r;

        assert(input->operand);

        *audit = (struct audit){
                .input = input,
                .database = input->operand,
                .params = EV_PARAMS_INIT(PARAMS_BYTES_MAX),
                .scratch = EV_BUFFER_INIT(EV_LEAF_BYTES_MAX),
                .stop_fd = -1,
        };
        if (database_find(input->operand) < 0)
                return COMMAND_USAGE;
        if (audit_origin(input->config, audit->database, audit->origin) < 0) {
                command_complain();
                return COMMAND_USAGE;
        }
        r = ev_settings_stop_fd(&audit->stop_fd);
        if (r == 0)
                r = ev_digest_new(&audit->digest);
        if (r == 0)
                r = changes ? database_open_to_change(input->config, audit->database, &audit->db)
                            : database_open_to_compare(input->config, audit->database, NULL,
                                                       &audit->db);
        if (r == 0)
                r = ev_db_script(audit->db, by_index, NULL, NULL);
        return r < 0 ? command_fail() : COMMAND_DONE;
}

/* In the reverse order of audit_begin(), wherever that has stopped. */
void audit_done(struct audit *audit)
{
        assert(audit);

        ev_result_free(audit->page);
        ev_db_free(audit->db);
        ev_digest_free(audit->digest);
        ev_params_done(&audit->params);
        ev_buffer_done(&audit->scratch);
}

/* Partitions begin with 1, and are dropped from the lowest on. */
int audit_lowest(struct audit *audit, int64_t *ret_seq)
{
        _cleanup_result_ struct ev_result *row = NULL;
        int r = ev_db_run(audit->db, &eventctl_sql_export_bounds, NULL, &row);

        assert(ret_seq);

        if (r == 0)
                *ret_seq = ev_result_rows(row) == 1 ? ev_result_int8(row, 0, 0) : 1;
        return ev_trace(r);
}

/* Also in the middle of a page, which is dropped: it was read up to another end. */
void audit_rows(struct audit *audit, int64_t after, int64_t until)
{
        assert(audit->db);

        audit->page = ev_result_free(audit->page);
        audit->row = 0;
        audit->after = after;
        audit->until = until;
}

/* As many rows as fit into the bytes, and one more: a row is never left out for its size. */
static int load_page(struct audit *audit)
{
        struct ev_params *params = &audit->params;

        assert(audit->db);

        audit->page = ev_result_free(audit->page);
        audit->row = 0;
        ev_params_begin(params, &eventctl_sql_audit_page);
        ev_params_int8(params, audit->after);
        ev_params_int8(params, audit->until);
        ev_params_int4(params, PAGE_ROWS);
        ev_params_int8(params, PAGE_BYTES);
        return ev_trace(ev_db_run(audit->db, &eventctl_sql_audit_page, params, &audit->page));
}

/* A stop is looked for between pages: a page takes milliseconds, and looking costs a system call.
 * The names are slices of the page, as everything in the leaf, and gone with the next one; its
 * bytes in `scratch` stay until the next row. */
int audit_next_row(struct audit *audit, struct ev_merkle_hash *ret_hash, int64_t *ret_seq)
{
        struct ev_leaf leaf;
        int r = 0;

        assert(ret_hash && ret_seq);

        if (!audit->page || audit->row == ev_result_rows(audit->page)) {
                if (command_is_stopped(audit->stop_fd))
                        return AUDIT_STOPPED;
                r = load_page(audit);
        }
        if (r < 0)
                return ev_trace(r);
        if (ev_result_rows(audit->page) == 0)
                return AUDIT_END;
        ev_feed_fact(audit->page, audit->row, &leaf.fact);
        leaf.source = ev_result_text(audit->page, audit->row, PAGE_SOURCE);
        leaf.topic = ev_result_text(audit->page, audit->row, PAGE_TOPIC);
        leaf.type = ev_result_text(audit->page, audit->row, PAGE_TYPE);
        ++audit->row;
        assert(leaf.fact.seq > audit->after && leaf.fact.seq <= audit->until);
        *ret_seq = audit->after = leaf.fact.seq;
        return ev_trace(ev_leaf_hash(&leaf, audit->digest, &audit->scratch, ret_hash));
}

/* ---- Seals ---- */

/* No copies: the result is the caller's, and lives as long as what he does with the seal. */
void audit_seal_of(const struct ev_result *rows, size_t row, struct audit_seal *ret_seal)
{
        assert(row < ev_result_rows(rows));

        *ret_seal = (struct audit_seal){
                .size = ev_result_int8(rows, row, SEAL_SIZE),
                .previous_size = ev_result_int8(rows, row, SEAL_PREVIOUS),
                .last_seq = ev_result_int8(rows, row, SEAL_LAST),
                .root = ev_result_bytea(rows, row, SEAL_ROOT),
                .frontier = ev_result_bytea(rows, row, SEAL_FULL),
                .note = ev_result_text(rows, row, SEAL_NOTE),
                .is_published = ev_result_bool(rows, row, SEAL_PUBLISHED),
        };
}

/* Of a statement that finds one seal at most. */
static int one_seal(struct audit *audit, const struct ev_statement *statement,
                    struct ev_params *params, struct ev_result **ret_row,
                    struct audit_seal *ret_seal)
{
        int r = ev_db_run(audit->db, statement, params, ret_row);

        assert(ret_row && ret_seal);

        if (r < 0)
                return ev_trace(r);
        if (ev_result_rows(*ret_row) == 0)
                return AUDIT_END;
        audit_seal_of(*ret_row, 0, ret_seal);
        return 0;
}

/* By size, which grows with every seal, and not by time, which is the server's clock. */
int audit_last_seal(struct audit *audit, struct ev_result **ret_row, struct audit_seal *ret_seal)
{
        assert(audit->db);

        return ev_trace(one_seal(audit, &eventctl_sql_audit_last_seal, NULL, ret_row, ret_seal));
}

/* The first of them, as rows behind it are those that can still be looked at. */
int audit_seal_behind(struct audit *audit, int64_t seq, struct ev_result **ret_row,
                      struct audit_seal *ret_seal)
{
        struct ev_params *params = &audit->params;

        assert(seq > 0);

        ev_params_begin(params, &eventctl_sql_audit_seal_behind);
        ev_params_int8(params, seq);
        return ev_trace(
                one_seal(audit, &eventctl_sql_audit_seal_behind, params, ret_row, ret_seal));
}

/* The tree whose full trees these are; false if there are not as many as the size says. The table has a
 * check of the same, which a superuser can take away; an array that is read past its end is worse than
 * a seal that is wrong. */
static bool read_tree(const struct audit_seal *seal, struct ev_merkle *tree)
{
        size_t count = (size_t)__builtin_popcountll((uint64_t)seal->size);

        assert(count <= EV_MERKLE_LEVELS);

        if (seal->size <= 0 || seal->frontier.size != count * EV_DIGEST_BYTES)
                return false;
        tree->size = (uint64_t)seal->size;
        for (size_t i = 0; i < count; ++i)
                memcpy(tree->full[i].bytes, seal->frontier.data + i * EV_DIGEST_BYTES,
                       EV_DIGEST_BYTES);
        return true;
}

/* The columns are for SQL and for going on; what counts is what was signed. So each of them has to
 * be what the note says, and a column that somebody has changed is told by its name. */
static const char *compare_seal(const struct audit *audit, const struct audit_seal *seal,
                                const struct ev_checkpoint *checkpoint,
                                const struct ev_merkle_hash *root)
{
        assert(seal && root);

        if (strcmp(checkpoint->origin, audit->origin) != 0)
                return "its note is of another log";
        if (checkpoint->size != (uint64_t)seal->size || checkpoint->last_seq != seal->last_seq)
                return "its note says another size or last row";
        if (seal->root.size != EV_DIGEST_BYTES ||
            memcmp(seal->root.data, checkpoint->root.bytes, EV_DIGEST_BYTES) != 0)
                return "its note says another root";
        return ev_merkle_equal(root, &checkpoint->root) ? NULL
                                                        : "its frontier comes to another root";
}

/* The order is that of trust: first what is only arithmetic, then the signature, then what it
 * covers. The frontier is not signed itself, and need not be: no other one of this size comes to
 * the signed root. */
int audit_check_seal(struct audit *audit, const struct audit_seal *seal,
                     const struct audit_keys *keys, struct ev_merkle *ret_tree,
                     const char **ret_problem)
{
        struct ev_merkle tree = EV_MERKLE_INIT(audit->digest);
        struct ev_checkpoint checkpoint;
        const struct ev_note_key *key;
        struct ev_merkle_hash root;
        enum audit_note note = AUDIT_NOTE_SIGNED;
        int r;

        assert(ret_tree && ret_problem);

        if (!read_tree(seal, &tree)) {
                *ret_problem = "its frontier is not one of its size";
                return 0;
        }
        r = ev_merkle_root(&tree, &root);
        if (r < 0)
                return ev_trace(r);
        /* Columns may hold anything: what is no note is the finding and no failure. */
        r = keys ? audit_open_note(keys, seal->note, &note, &checkpoint, &key)
                 : audit_read_note(seal->note, &checkpoint);
        if (r < 0 && ev_error_last()->verdict != EV_VERDICT_RECORD)
                return ev_trace(r);
        *ret_problem = r < 0                       ? "its note is no signed checkpoint"
                       : note != AUDIT_NOTE_SIGNED ? audit_note_text(note)
                                                   : compare_seal(audit, seal, &checkpoint, &root);
        if (!*ret_problem)
                *ret_tree = tree;
        return 0;
}
