/* eventctl audit seal: signs what stands in the outbox, so that whoever keeps the signature can tell later
 * whether it is still that.
 *
 * Rows behind the last seal, up to the relay's position, are added to its tree. Up to there every hole is
 * explained, so no row can appear below a seal by right. One statement then inserts size, root, frontier
 * and the signed checkpoint; of two sealers that went on from one seal only the first inserts. What was
 * committed is published, noted as published, and written to the file. If the process dies before the
 * insertion, nothing has happened; behind it, the next run publishes and writes what is missing, at worst a
 * second time with the same bytes.
 *
 * The position only grows, and a relay saves it when everything below is acknowledged: so a seal has no row
 * that is not on its topic, and "audit reconcile" finds each one there.
 *
 * What is gone on from is checked first: the last seal must be signed by a key of ours and its frontier come
 * to the root that was signed. Rows below it are not read again; that is what "audit check" does. */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "cluster.h"
#include "eventctl_sql.h"
#include "file.h"
#include "output.h"
#include "progress.h"
#include "send.h"
#include "topic_list.h"
#include "wire/partition.h"

/* A page of seals to publish is small: a timer that runs leaves one. */
enum {
        PATH_BYTES_MAX = 4096,
        PUBLISH_PAGE = 100,
        LOG_NAME = sizeof("quenty/") - 1, /* before a log's own name in its origin */
};

/* `sealed` and `published` are of this run, the others of the newest seal. */
static const struct output_column columns[] = {
        { "log", 20, false },     { "sealed", 12, true },   { "size", 12, true },
        { "last_seq", 12, true }, { "published", 0, true },
};

/* One run. The tree is that of the last seal at first, and grows by the rows that are read. */
struct sealer {
        struct audit audit;
        struct audit_keys keys; /* the first is ours */
        struct ev_merkle tree;
        char path[PATH_BYTES_MAX]; /* of the file; empty: none is written */
        int64_t last_seq;
        int64_t sealed, published; /* in this run */
        /* Somebody else has gone on from the same seal meanwhile: then ours does not stand, and its rows
         * are in his, or for the next run. */
        bool was_second;
        struct ev_producer *producer;
        size_t topic;
        int32_t partitions;
};

/* The private key is overwritten, so that it is not in the memory that is given back. */
static void sealer_done(struct sealer *sealer)
{
        assert(sealer);

        explicit_bzero(&sealer->keys, sizeof(sealer->keys));
        ev_producer_free(sealer->producer);
        audit_done(&sealer->audit);
}

/* ---- Begin ---- */

/* The file is held to what every secret's file is held to. Our own key is also the first of those
 * whose seals we go on from; older ones only where somebody has named them. */
static int read_keys(struct sealer *sealer, const char *path, const char *older)
{
        static const uint8_t zeros[EV_SIGNATURE_KEY_BYTES];
        _cleanup_secret_ struct ev_secret secret = { 0 };
        struct ev_note_key *key = &sealer->keys.keys[0];
        int r = ev_secret_read("--key", path, &secret);

        assert(sealer->keys.count == 0);

        if (r == 0)
                r = ev_note_key_parse(key, (struct ev_str){ secret.revealed, secret.size });
        if (r < 0)
                return ev_fail_while("the private key of \"audit seal\"");
        if (memcmp(key->private_key, zeros, sizeof(zeros)) == 0)
                return ev_fail(EV_VERDICT_STOP,
                               "%s has a public key; \"audit seal\" wants the private one", path);
        sealer->keys.count = 1;
        return older ? ev_trace(audit_keys_read(&sealer->keys, older)) : 0;
}

/* Named after the log, so that one folder serves all databases. That it can be written into is
 * looked at before anything is sealed: else the first run with a wrong folder would seal, and say
 * that it failed. */
static bool name_file(struct sealer *sealer, const char *folder)
{
        const char *name = sealer->audit.origin + LOG_NAME;
        int size = snprintf(sealer->path, sizeof(sealer->path), "%s/%s.checkpoint", folder, name);

        assert(folder);

        if (size >= (int)sizeof(sealer->path) || access(folder, W_OK | X_OK) < 0) {
                fprintf(stderr, "eventctl audit seal: --to %s: not a folder to write into\n",
                        folder);
                return false;
        }
        for (char *c = sealer->path + strlen(folder) + 1; *c; ++c)
                if (*c == '/')
                        *c = '-';
        return true;
}

/* All that can be wrong with command line and configuration, in front of everything else: a job
 * that is set up wrongly says so at its first run, and has touched nothing. */
static enum command_exit begin(struct sealer *sealer, const struct command_input *input)
{
        const char *key = command_value(input, "key"), *folder = command_value(input, "to");
        enum command_exit exit;

        assert(input);

        if (!key) {
                fputs("eventctl audit seal: --key FILE has the private key to sign with\n", stderr);
                return COMMAND_USAGE;
        }
        if (!cluster_is_configured(input->config)) {
                cluster_complain_unconfigured();
                return COMMAND_USAGE;
        }
        if (read_keys(sealer, key, command_value(input, "older")) < 0) {
                command_complain();
                return COMMAND_USAGE;
        }
        exit = audit_begin(&sealer->audit, input, true);
        if (exit == COMMAND_DONE && folder && !name_file(sealer, folder))
                exit = COMMAND_USAGE;
        return exit;
}

/* ---- What is gone on from ---- */

/* No seal is put on top of one that is not what was signed: it would lend it our signature. What is wrong
 * with rows below is not known here, and takes a pass over all of them. */
static enum command_exit refuse(const struct sealer *sealer, int64_t size, const char *problem)
{
        assert(problem);

        fprintf(stderr,
                "eventctl: not sealed: the seal of the first %" PRId64
                " rows of %s is not what was signed: %s; \"eventctl audit check\" tells more\n",
                size, sealer->audit.database, problem);
        return COMMAND_DIFFERENCES;
}

/* An empty table is a log that begins. That nobody has emptied it only the file can tell, see
 * below. */
static enum command_exit load_last(struct sealer *sealer)
{
        _cleanup_result_ struct ev_result *row = NULL;
        const char *problem = NULL;
        struct audit_seal seal;
        int r = audit_last_seal(&sealer->audit, &row, &seal);

        assert(sealer->keys.count > 0);

        sealer->tree = EV_MERKLE_INIT(sealer->audit.digest);
        if (r == 0)
                r = audit_check_seal(&sealer->audit, &seal, &sealer->keys, &sealer->tree, &problem);
        if (r < 0)
                return command_fail();
        if (problem)
                return refuse(sealer, seal.size, problem);
        sealer->last_seq = r == AUDIT_END ? 0 : seal.last_seq;
        return COMMAND_DONE;
}

/* Whether the seals still have the one whose note this is: of its size, and with its root. The note itself
 * need not be the same, since a key that was changed may have signed it again. */
static int has_seal(struct sealer *sealer, const struct ev_checkpoint *checkpoint, bool *ret_has)
{
        struct ev_params *params = &sealer->audit.params;
        _cleanup_result_ struct ev_result *rows = NULL;
        struct audit_seal seal;
        int r;

        assert(ret_has);

        ev_params_begin(params, &eventctl_sql_audit_seals);
        ev_params_int8(params, (int64_t)checkpoint->size - 1);
        ev_params_int4(params, 1);
        r = ev_db_run(sealer->audit.db, &eventctl_sql_audit_seals, params, &rows);
        if (r < 0)
                return ev_trace(r);
        *ret_has = false;
        if (ev_result_rows(rows) == 0)
                return 0;
        audit_seal_of(rows, 0, &seal);
        *ret_has = seal.size == (int64_t)checkpoint->size && seal.root.size == EV_DIGEST_BYTES &&
                   memcmp(seal.root.data, checkpoint->root.bytes, EV_DIGEST_BYTES) == 0;
        return 0;
}

/* The file is in other hands than the database, so it remembers what the database may have forgotten:
 * to go on from an older seal would make a second tree of the same name. */
static enum command_exit check_file(struct sealer *sealer)
{
        _cleanup_buffer_ struct ev_buffer note = EV_BUFFER_INIT(EV_NOTE_BYTES_MAX);
        struct ev_checkpoint checkpoint;
        const struct ev_note_key *key;
        enum audit_note found;
        bool has = true;
        int r;

        assert(sealer->keys.count > 0);

        /* The first run with this folder finds no file, and makes it. */
        if (!sealer->path[0] || (access(sealer->path, F_OK) < 0 && errno == ENOENT))
                return COMMAND_DONE;
        r = ev_buffer_read_file(&note, sealer->path);
        if (r == 0)
                r = audit_open_note(&sealer->keys, ev_buffer_str(&note), &found, &checkpoint, &key);
        if (r == 0 && found == AUDIT_NOTE_SIGNED &&
            strcmp(checkpoint.origin, sealer->audit.origin) == 0)
                r = has_seal(sealer, &checkpoint, &has);
        else if (r == 0)
                r = ev_fail(EV_VERDICT_STOP, "%s is no checkpoint of %s by these keys: %s",
                            sealer->path, sealer->audit.origin, audit_note_text(found));
        if (r < 0)
                return command_fail();
        if (has)
                return COMMAND_DONE;
        fprintf(stderr,
                "eventctl: not sealed: %s is of %" PRIu64 " rows, and %s has no such seal (any "
                "more): seals were removed, or the database was restored. Keep that file as "
                "evidence, and move it away to go on\n",
                sealer->path, checkpoint.size, sealer->audit.database);
        return COMMAND_DIFFERENCES;
}

/* ---- The seal ---- */

/* Asked before the rows are read: the relay goes on meanwhile, and what it reaches then is for the
 * next run. */
static int load_position(struct sealer *sealer, int64_t *ret_position)
{
        _cleanup_result_ struct ev_result *row = NULL;
        int r = ev_db_run(sealer->audit.db, &eventctl_sql_audit_position, NULL, &row);

        assert(ret_position);

        if (r == 0)
                *ret_position = ev_result_rows(row) == 1 ? ev_result_int8(row, 0, 0) : 0;
        return ev_trace(r);
}

/* Adds the rows to the tree. 0, AUDIT_STOPPED, or EV_FAILED. There is no upper bound on how many: memory
 * does not grow with them, and a run that is ended leaves nothing behind but lost time. */
static int add_rows(struct sealer *sealer)
{
        struct progress_bar bar;
        struct ev_merkle_hash hash;
        int64_t position = 0;
        int r = load_position(sealer, &position);

        assert(sealer->sealed == 0);

        if (r < 0)
                return ev_trace(r);
        /* Numbers stand for rows: there are a few less, which no bar shows. */
        progress_begin(&bar, "rows", -1);
        if (position > sealer->last_seq)
                bar.total = (uint64_t)(position - sealer->last_seq);
        audit_rows(&sealer->audit, sealer->last_seq, position);
        while (r == 0 && (r = audit_next_row(&sealer->audit, &hash, &sealer->last_seq)) == 0) {
                r = ev_merkle_add(&sealer->tree, &hash);
                ++sealer->sealed;
                progress_show(&bar, bar.total - (uint64_t)(position - sealer->last_seq),
                              (uint64_t)sealer->sealed);
        }
        progress_end(&bar);
        return r == AUDIT_END ? EV_FAULT(seal_read) : ev_trace(r);
}

/* The same rows and the same key make the same bytes, whenever and by whomever it is done: Ed25519 draws
 * no random number, and the time of a seal is not in its note. */
static int sign(const struct sealer *sealer, const struct ev_merkle_hash *root,
                struct ev_buffer *note)
{
        struct ev_checkpoint checkpoint = { .size = sealer->tree.size,
                                            .root = *root,
                                            .last_seq = sealer->last_seq };
        int r;

        static_assert(sizeof(checkpoint.origin) == sizeof(sealer->audit.origin), "a copy fits");
        assert(sealer->last_seq > 0);

        memcpy(checkpoint.origin, sealer->audit.origin, sizeof(checkpoint.origin));
        r = ev_checkpoint_write(&checkpoint, note);
        return r < 0 ? ev_trace(r) : ev_trace(ev_note_sign(note, &sealer->keys.keys[0]));
}

/* One statement, so one transaction. When the server does not answer it is not known whether the
 * seal stands, which does no harm: the next run reads the last seal and goes on from whichever
 * that is. */
static int insert(struct sealer *sealer)
{
        _cleanup_buffer_ struct ev_buffer note = EV_BUFFER_INIT(EV_NOTE_BYTES_MAX);
        size_t full = (size_t)__builtin_popcountll(sealer->tree.size) * EV_DIGEST_BYTES;
        struct ev_params *params = &sealer->audit.params;
        _cleanup_result_ struct ev_result *row = NULL;
        struct ev_merkle_hash root;
        int r = ev_merkle_root(&sealer->tree, &root);

        /* The frontier goes into its column as it lies in memory. */
        static_assert(sizeof(sealer->tree.full[0]) == EV_DIGEST_BYTES, "hashes lie side by side");
        assert(sealer->sealed > 0);

        if (r == 0)
                r = sign(sealer, &root, &note);
        if (r < 0)
                return ev_trace(r);
        ev_params_begin(params, &eventctl_sql_audit_seal_insert);
        ev_params_int8(params, (int64_t)sealer->tree.size);
        ev_params_int8(params, (int64_t)sealer->tree.size - sealer->sealed);
        ev_params_int8(params, sealer->last_seq);
        ev_params_bytea(params, (struct ev_bytes){ root.bytes, sizeof(root.bytes) });
        ev_params_bytea(params, (struct ev_bytes){ sealer->tree.full[0].bytes, full });
        ev_params_text(params, ev_buffer_str(&note));
        r = ev_db_run(sealer->audit.db, &eventctl_sql_audit_seal_insert, params, &row);
        if (r < 0)
                return ev_trace(r);
        sealer->was_second = ev_result_rows(row) == 0;
        return EV_FAULT(seal_committed);
}

/* ---- Publication ---- */

/* Only when there is something to publish: most runs of a timer have nothing to say, and then need
 * no broker that answers. */
static int open_topic(struct sealer *sealer)
{
        const struct ev_config *config = sealer->audit.input->config;
        int r;

        assert(!sealer->producer);

        r = send_open(config, &sealer->producer);
        if (r == 0)
                r = cluster_add_topic(config, sealer->producer, TOPIC_OF_CHECKPOINTS,
                                      &sealer->partitions, &sealer->topic);
        return ev_trace(r);
}

/* Seals are few, so each waits for its acknowledgement. Sent, then noted: in the other order one that died between would never be published. All of a
 * log have one key and so one partition, in the order of their sizes. */
static int publish_one(struct sealer *sealer, int64_t size, struct ev_str note)
{
        struct ev_str name = ev_str_of(sealer->audit.origin + LOG_NAME);
        struct ev_params *params = &sealer->audit.params;
        const struct ev_outgoing record = {
                .sequence = size,
                .topic = sealer->topic,
                .partition = ev_partition_of(name, sealer->partitions),
                .timestamp_ms = ev_clock_real_micros() / EV_MICROS_PER_MS,
                .key = name,
                .value = { (const uint8_t *)note.data, note.size },
        };
        int r = send_and_wait(sealer->producer, sealer->audit.stop_fd, &record);

        assert(size > 0);

        if (r == 0)
                r = EV_FAULT(seal_sent);
        if (r < 0)
                return ev_trace(r);
        ev_params_begin(params, &eventctl_sql_audit_published);
        ev_params_int8(params, size);
        r = ev_db_run(sealer->audit.db, &eventctl_sql_audit_published, params, NULL);
        sealer->published += r == 0;
        return ev_trace(r);
}

/* All that are not known to be there, the oldest first: those of a run that died too. */
static int publish(struct sealer *sealer)
{
        struct ev_params *params = &sealer->audit.params;
        size_t count;
        int r;

        assert(sealer->published == 0);

        do {
                _cleanup_result_ struct ev_result *rows = NULL;

                ev_params_begin(params, &eventctl_sql_audit_unpublished);
                ev_params_int4(params, PUBLISH_PAGE);
                r = ev_db_run(sealer->audit.db, &eventctl_sql_audit_unpublished, params, &rows);
                count = r == 0 ? ev_result_rows(rows) : 0;
                if (count > 0 && !sealer->producer)
                        r = open_topic(sealer);
                for (size_t i = 0; r == 0 && i < count; ++i)
                        r = publish_one(sealer, ev_result_int8(rows, i, 0),
                                        ev_result_text(rows, i, 1));
        } while (r == 0 && count == PUBLISH_PAGE);
        return r < 0 ? ev_fail_while("publishing seals on " TOPIC_OF_CHECKPOINTS) : 0;
}

/* ---- End ---- */

/* The newest seal, which may be another sealer's, and what this run has added: 0 rows where somebody
 * else was first. */
static bool show(struct sealer *sealer, const struct audit_seal *seal)
{
        struct output output = { .columns = columns, .columns_count = EV_ARRAY_SIZE(columns) };
        char texts[4][OUTPUT_NUMBER_MAX];
        const struct ev_str values[] = {
                ev_str_of(sealer->audit.origin),
                output_number(sealer->was_second ? 0 : sealer->sealed, texts[0]),
                output_number(seal ? seal->size : 0, texts[1]),
                output_number(seal ? seal->last_seq : 0, texts[2]),
                output_number(sealer->published, texts[3]),
        };

        static_assert(EV_ARRAY_SIZE(values) == EV_ARRAY_SIZE(columns), "one value a column");
        assert(sealer->published >= 0);

        if (!output_format_of(sealer->audit.input, &output.format))
                return false;
        output_begin(&output, NULL, 0, NULL);
        output_row(&output, values, false);
        return output_end(&output);
}

/* The newest seal is read once more: another sealer's may be newer than ours. */
static enum command_exit finish(struct sealer *sealer)
{
        _cleanup_result_ struct ev_result *row = NULL;
        struct audit_seal seal;
        int r = audit_last_seal(&sealer->audit, &row, &seal);

        assert(sealer->audit.db);

        if (r == 0 && sealer->path[0])
                r = file_replace(sealer->path, seal.note);
        if (r < 0)
                return command_fail();
        /* Neither is a failure: a timer runs again, and a person sees what happened. */
        if (sealer->was_second)
                fputs("eventctl: somebody else has sealed meanwhile; the rest is for the next "
                      "run\n",
                      stderr);
        else if (sealer->sealed == 0)
                fputs("eventctl: nothing to seal\n", stderr);
        return show(sealer, r == AUDIT_END ? NULL : &seal) ? COMMAND_DONE : COMMAND_FAILED;
}

/* What fails behind the insertion is told and fails the run, and does not keep the rest from being
 * done. */
static enum command_exit seal(struct sealer *sealer)
{
        enum command_exit exit, end;
        int r = add_rows(sealer);

        assert(sealer->audit.db);

        if (r == AUDIT_STOPPED) {
                fputs("eventctl: stopped; nothing was sealed\n", stderr);
                return COMMAND_FAILED;
        }
        if (r == 0 && sealer->sealed > 0)
                r = insert(sealer);
        if (r < 0)
                return command_fail();
        /* The file does not wait for Kafka. */
        exit = publish(sealer) < 0 ? command_fail() : COMMAND_DONE;
        end = finish(sealer);
        return end == COMMAND_DONE ? exit : end;
}

/* The format is looked at first and used last: a mistyped -o must not be told after something was
 * sealed. */
enum command_exit audit_seal(const struct command_input *input)
{
        _cleanup_(sealer_done) struct sealer sealer = { 0 };
        enum output_format format;
        enum command_exit exit;

        assert(input->operand);

        if (!output_format_of(input, &format))
                return COMMAND_USAGE;
        exit = begin(&sealer, input);
        if (exit == COMMAND_DONE)
                exit = load_last(&sealer);
        if (exit == COMMAND_DONE)
                exit = check_file(&sealer);
        return exit == COMMAND_DONE ? seal(&sealer) : exit;
}
