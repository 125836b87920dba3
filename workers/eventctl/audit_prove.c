/* eventctl audit prove and consistency: proofs for somebody who has neither the database nor us.
 *
 * Both read the outbox once, from its beginning to the last row of a signed checkpoint, and keep only the
 * hashes that the proof is made of. What they have made they verify before it is shown: an outbox that is
 * not what was sealed gives no proof. Nothing is written but the proof, to the standard output.
 *
 * Where partitions were dropped they begin behind the first seal that has all of their rows: for these its
 * frontier stands, which must come to the root of its note.
 *
 * "prove" wants no key: it shows that a row is below a checkpoint, and whose that is the reader of the proof
 * decides. "consistency" wants one, since it decides itself. */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "base/error.h"
#include "eventctl_sql.h"
#include "flow/proof.h"
#include "output.h"
#include "progress.h"

/* For pass(): a proof between two trees has no leaf in it. */
enum { NONE_KEPT = -1 };

/* Either proof. Of the rows nothing is kept but hashes that the proof is made of, and one leaf. */
struct prover {
        struct audit audit;
        struct ev_buffer note, old_note, leaf; /* as texts; the leaf as bytes */
        struct ev_checkpoint checkpoint, old_checkpoint;
        struct ev_merkle_prover merkle;
        struct ev_merkle_hash leaf_hash;
        int64_t lowest;        /* number from which on there are partitions */
        struct ev_merkle gone; /* of rows that are not read, up to and with number `after` */
        int64_t after;
};

static void prover_done(struct prover *prover)
{
        assert(prover);

        ev_buffer_done(&prover->note);
        ev_buffer_done(&prover->old_note);
        ev_buffer_done(&prover->leaf);
        audit_done(&prover->audit);
}

/* ---- Checkpoints ---- */

/* From a file, in which anything may stand that a note may be, or from the newest seal. Who asks for
 * no certain checkpoint gets the one that covers most. */
static int load_note(struct prover *prover, const char *path)
{
        _cleanup_result_ struct ev_result *row = NULL;
        struct audit_seal seal;
        int r;

        assert(prover->audit.db);

        if (path)
                return ev_trace(ev_buffer_read_file(&prover->note, path));
        r = audit_last_seal(&prover->audit, &row, &seal);
        if (r == AUDIT_END)
                return ev_fail(EV_VERDICT_STOP, "nothing of %s is sealed yet",
                               prover->audit.database);
        return r < 0 ? ev_trace(r) : ev_trace(ev_buffer_append_str(&prover->note, seal.note));
}

/* ---- Where the rows begin ---- */

/* Behind what is wrong: why, and where it can be had all the same. */
static enum command_exit refuse_gone(const struct prover *prover)
{
        assert(prover->lowest > 1);

        fprintf(stderr,
                "; partitions of %s below number %" PRId64
                " were dropped: an archive from the first fact on (\"eventctl export\") has all of "
                "them, and \"eventctl audit verify\" holds it against its checkpoint\n",
                prover->audit.database, prover->lowest);
        return COMMAND_FAILED;
}

/* By whom the seal was signed is not asked: with another frontier no proof comes to the root of its
 * checkpoint. What is compared here tells which of the two is wrong, the rows or the seal. */
static enum command_exit load_gone(struct prover *prover)
{
        _cleanup_result_ struct ev_result *row = NULL;
        struct audit_seal seal = { .last_seq = INT64_MIN };
        struct audit *audit = &prover->audit;
        const char *problem = NULL;
        int r = audit_lowest(audit, &prover->lowest);

        assert(audit->digest);

        prover->gone = EV_MERKLE_INIT(audit->digest);
        if (r == 0 && prover->lowest > 1)
                r = audit_seal_behind(audit, prover->lowest, &row, &seal);
        if (r == 0 && prover->lowest > 1)
                r = audit_check_seal(audit, &seal, NULL, &prover->gone, &problem);
        if (r < 0)
                return command_fail();
        if (r == AUDIT_END) {
                fputs("eventctl: no proof: nothing behind rows that were dropped is sealed",
                      stderr);
                return refuse_gone(prover);
        }
        prover->after = seal.last_seq;
        if (!problem)
                return COMMAND_DONE;
        fprintf(stderr,
                "eventctl: no proof: the seal of the first %" PRId64
                " rows of %s, which were dropped, is not what was signed: %s; \"eventctl audit "
                "check\" tells more\n",
                seal.size, audit->database, problem);
        return COMMAND_DIFFERENCES;
}

/* ---- The pass over the rows ----
 *
 * From the first row that there is, whatever its number: which rows are in a tree is said by their order. */

/* Lets the rows of the checkpoint pass that are not gone; keeps the leaf at `kept`. 0, AUDIT_END when there
 * are too few rows, AUDIT_STOPPED, or EV_FAILED. */
static int pass(struct prover *prover, int64_t kept)
{
        uint64_t size = prover->checkpoint.size;
        struct progress_bar bar;
        struct ev_merkle_hash hash;
        int64_t seq;
        int r = 0;

        assert(size > 0);

        progress_begin(&bar, "rows", -1);
        bar.total = size;
        audit_rows(&prover->audit, prover->after, INT64_MAX);
        for (uint64_t i = prover->gone.size; r == 0 && i < size; ++i) {
                r = audit_next_row(&prover->audit, &hash, &seq);
                if (r == 0)
                        r = ev_merkle_prover_add(&prover->merkle, &hash);
                if (r == 0 && kept >= 0 && i == (uint64_t)kept) {
                        prover->leaf_hash = hash;
                        r = ev_buffer_append(&prover->leaf, prover->audit.scratch.data,
                                             prover->audit.scratch.size);
                }
                progress_show(&bar, i + 1, i + 1);
        }
        progress_end(&bar);
        return ev_trace(r);
}

/* A pass that did not reach the end of the checkpoint's rows: for trouble, because somebody wanted it to end,
 * or because the rows are not there any more. */
static enum command_exit tell_end(int r, const struct prover *prover)
{
        assert(r);

        if (r < 0)
                return command_fail();
        if (r == AUDIT_STOPPED) {
                fputs("eventctl: stopped; no proof was made\n", stderr);
                return COMMAND_FAILED;
        }
        fprintf(stderr,
                "eventctl: no proof: the outbox of %s has fewer rows than the checkpoint, %" PRIu64
                "; \"eventctl audit check\" says where\n",
                prover->audit.database, prover->checkpoint.size);
        return COMMAND_DIFFERENCES;
}

/* `r` is that of verifying what was made. Only what holds leaves the program: a proof that fails
 * elsewhere would look like fraud there, where it is a changed row here. */
static enum command_exit show(struct prover *prover, int r, struct ev_proof *proof)
{
        _cleanup_buffer_ struct ev_buffer text = EV_BUFFER_INIT(EV_PROOF_BYTES_MAX);

        assert(r <= EV_MERKLE_WRONG);

        if (r == EV_MERKLE_WRONG) {
                fprintf(stderr,
                        "eventctl: no proof: the first %" PRIu64 " rows of %s are not those of "
                        "the checkpoint; \"eventctl audit check\" says where\n",
                        prover->checkpoint.size, prover->audit.database);
                return COMMAND_DIFFERENCES;
        }
        proof->hashes = prover->merkle.proof;
        proof->note = ev_buffer_str(&prover->note);
        if (r == 0)
                r = ev_proof_write(proof, &text);
        if (r < 0)
                return command_fail();
        return output_text(ev_buffer_str(&text)) ? COMMAND_DONE : COMMAND_FAILED;
}

/* ---- audit prove ---- */

/* Number and index; 0, or AUDIT_END if the outbox does not have the event. An id is looked for without an
 * index, since nothing but an audit asks for one; its place among the rows is counted by the server,
 * which need not send them for it. */
static int find_event(struct prover *prover, const struct ev_uuid *event, int64_t *ret_seq,
                      uint64_t *ret_index)
{
        struct ev_params *params = &prover->audit.params;
        _cleanup_result_ struct ev_result *row = NULL;
        int r;

        assert(ret_seq && ret_index);

        ev_params_begin(params, &eventctl_sql_audit_event);
        ev_params_uuid(params, event);
        ev_params_int8(params, prover->after);
        r = ev_db_run(prover->audit.db, &eventctl_sql_audit_event, params, &row);
        if (r < 0)
                return ev_trace(r);
        if (ev_result_rows(row) == 0)
                return AUDIT_END;
        *ret_seq = ev_result_int8(row, 0, 0);
        *ret_index = prover->gone.size + (uint64_t)ev_result_int8(row, 0, 1);
        return 0;
}

/* Where the event stands, if there is a proof of it. A row that was not dropped, but others of its seal
 * were, has neighbours whose hashes nobody has. */
static enum command_exit place_event(struct prover *prover, const struct ev_uuid *event,
                                     uint64_t *ret_index)
{
        const char *given = prover->audit.input->operands[1];
        int64_t seq = 0;
        int r = find_event(prover, event, &seq, ret_index);

        assert(given);

        if (r < 0)
                return command_fail();
        if (r == 0 && seq > prover->after && *ret_index < prover->checkpoint.size)
                return COMMAND_DONE;
        fprintf(stderr, "eventctl: %s ", given);
        if (r == AUDIT_END)
                fprintf(stderr, "is no fact that this database has");
        else if (seq <= prover->after)
                fprintf(stderr, "has number %" PRId64 ", and its seal has rows that are gone", seq);
        else
                fprintf(stderr, "stands behind the checkpoint: it is not sealed there");
        if (prover->lowest > 1 && (r == AUDIT_END || seq <= prover->after))
                return refuse_gone(prover);
        fputs("\n", stderr);
        return COMMAND_FAILED;
}

/* First where the event stands, for that decides which hashes are kept; then the one pass. */
static enum command_exit prove(struct prover *prover, const struct ev_uuid *event)
{
        struct ev_proof proof = { .kind = EV_PROOF_INCLUSION };
        struct ev_merkle_prover *merkle = &prover->merkle;
        uint64_t size, index = 0;
        enum command_exit exit;
        int r = load_note(prover, command_value(prover->audit.input, "checkpoint"));

        assert(event);

        if (r == 0)
                r = audit_read_note(ev_buffer_str(&prover->note), &prover->checkpoint);
        if (r < 0)
                return command_fail();
        exit = load_gone(prover);
        if (exit == COMMAND_DONE)
                exit = place_event(prover, event, &index);
        if (exit != COMMAND_DONE)
                return exit;
        size = prover->checkpoint.size;
        ev_merkle_prove_leaf(merkle, prover->audit.digest, index, size);
        r = ev_merkle_prover_skip(merkle, &prover->gone);
        assert(r != EV_MERKLE_UNKNOWN); /* the leaf is behind what is gone */
        if (r == 0)
                r = pass(prover, (int64_t)index);
        if (r)
                return tell_end(r, prover);
        r = ev_merkle_verify_leaf(prover->audit.digest, &prover->leaf_hash, index, size,
                                  ev_merkle_prover_end(merkle), &prover->checkpoint.root);
        proof.index = index;
        proof.leaf = (struct ev_bytes){ prover->leaf.data, prover->leaf.size };
        return show(prover, r, &proof);
}

/* Buffers are bounded by what they are to hold, and empty until then. */
#define PROVER_INIT                                            \
        {                                                      \
                .note = EV_BUFFER_INIT(EV_NOTE_BYTES_MAX),     \
                .old_note = EV_BUFFER_INIT(EV_NOTE_BYTES_MAX), \
                .leaf = EV_BUFFER_INIT(EV_LEAF_BYTES_MAX),     \
        }

/* The id is checked before the database is asked: PostgreSQL's own word for a mistyped one is no
 * help. */
enum command_exit audit_prove(const struct command_input *input)
{
        _cleanup_(prover_done) struct prover prover = PROVER_INIT;
        enum command_exit exit;
        struct ev_uuid event;

        assert(input->operands_count == 2);

        if (!ev_uuid_parse(ev_str_of(input->operands[1]), &event)) {
                fprintf(stderr, "eventctl: \"%s\" is no id of a fact\n", input->operands[1]);
                return COMMAND_USAGE;
        }
        exit = audit_begin(&prover.audit, input, false);
        return exit == COMMAND_DONE ? prove(&prover, &event) : exit;
}

/* ---- audit consistency ---- */

/* What an auditor brings along is as suspect as what the database has: he may have been given another
 * one than he thinks. The log's name is compared as well, for a key may sign several logs. */
static enum command_exit open_note(struct prover *prover, const struct audit_keys *keys,
                                   struct ev_str note, const char *which,
                                   struct ev_checkpoint *ret_checkpoint)
{
        const struct ev_note_key *key;
        enum audit_note found;

        assert(which);

        if (audit_open_note(keys, note, &found, ret_checkpoint, &key) < 0)
                return command_fail();
        if (found != AUDIT_NOTE_SIGNED)
                fprintf(stderr, "eventctl: the %s checkpoint is %s\n", which,
                        audit_note_text(found));
        else if (strcmp(ret_checkpoint->origin, prover->audit.origin) != 0)
                fprintf(stderr, "eventctl: the %s checkpoint is of %s, not of %s\n", which,
                        ret_checkpoint->origin, prover->audit.origin);
        else if (ret_checkpoint->size > 0)
                return COMMAND_DONE;
        return COMMAND_DIFFERENCES;
}

/* Which of the two is older is said by the caller, and held against the sizes here: a log that was
 * cut short and sealed again would else pass by changing the two round. */
static enum command_exit load_both(struct prover *prover, const struct audit_keys *keys)
{
        const struct command_input *input = prover->audit.input;
        enum command_exit exit;

        assert(command_value(input, "old"));

        if (ev_buffer_read_file(&prover->old_note, command_value(input, "old")) < 0 ||
            load_note(prover, command_value(input, "new")) < 0)
                return command_fail();
        exit = open_note(prover, keys, ev_buffer_str(&prover->old_note), "older",
                         &prover->old_checkpoint);
        if (exit == COMMAND_DONE)
                exit = open_note(prover, keys, ev_buffer_str(&prover->note), "newer",
                                 &prover->checkpoint);
        if (exit != COMMAND_DONE || prover->old_checkpoint.size <= prover->checkpoint.size)
                return exit;
        fprintf(stderr,
                "eventctl: the older checkpoint has %" PRIu64 " rows, the newer one %" PRIu64
                ": it does not go on from it\n",
                prover->old_checkpoint.size, prover->checkpoint.size);
        return COMMAND_DIFFERENCES;
}

/* What is gone ends with a seal, so from that one on there are proofs, and from few older sizes. */
static enum command_exit refuse_growth(const struct prover *prover)
{
        assert(prover->gone.size > 0);

        fprintf(stderr,
                "eventctl: no proof: what is left goes on from the first %" PRIu64
                " rows, and the older checkpoint has %" PRIu64,
                prover->gone.size, prover->old_checkpoint.size);
        return refuse_gone(prover);
}

/* The same trees give the empty proof, which is right: a checkpoint goes on from itself. */
static enum command_exit prove_growth(struct prover *prover)
{
        struct ev_proof proof = { .kind = EV_PROOF_CONSISTENCY,
                                  .old_note = ev_buffer_str(&prover->old_note) };
        const struct ev_checkpoint *old = &prover->old_checkpoint, *new = &prover->checkpoint;
        enum command_exit exit;
        int r;

        assert(old->size > 0 && old->size <= new->size);

        ev_merkle_prove_growth(&prover->merkle, prover->audit.digest, old->size, new->size);
        r = ev_merkle_prover_skip(&prover->merkle, &prover->gone);
        if (r == EV_MERKLE_UNKNOWN)
                return refuse_growth(prover);
        if (r == 0)
                r = pass(prover, NONE_KEPT);
        if (r)
                return tell_end(r, prover);
        r = ev_merkle_verify_growth(prover->audit.digest, old->size, &old->root, new->size,
                                    &new->root, ev_merkle_prover_end(&prover->merkle));
        exit = show(prover, r, &proof);
        if (exit == COMMAND_DONE)
                fprintf(stderr,
                        "eventctl: the %" PRIu64 " rows of the newer checkpoint begin with the "
                        "%" PRIu64 " of the older one\n",
                        new->size, old->size);
        return exit;
}

/* Unlike "prove" this one decides, so it wants the keys. Both checkpoints may be files, and then the
 * database is asked for rows only. */
enum command_exit audit_consistency(const struct command_input *input)
{
        _cleanup_(prover_done) struct prover prover = PROVER_INIT;
        struct audit_keys keys = { 0 };
        enum command_exit exit;

        assert(input->operand);

        if (!command_value(input, "old")) {
                fputs("eventctl audit consistency: --old FILE is the older checkpoint\n", stderr);
                return COMMAND_USAGE;
        }
        exit = audit_keys_of(input, &keys);
        if (exit == COMMAND_DONE)
                exit = audit_begin(&prover.audit, input, false);
        if (exit == COMMAND_DONE)
                exit = load_both(&prover, &keys);
        if (exit == COMMAND_DONE)
                exit = load_gone(&prover);
        return exit == COMMAND_DONE ? prove_growth(&prover) : exit;
}
