/* eventctl audit verify: proofs, without a server and without us.
 *
 * A proof holds when one of the given keys has signed its checkpoint and its hashes lead from the leaf, or
 * from the older tree, to the root in there. What is shown of an event is read from the leaf whose hash that
 * is, and from nothing else in the file.
 *
 * Files come from strangers. They are read whole, up to a bound that a proof cannot pass; what is no proof
 * does not hold, and the reason says where it ceases to be one. Nothing is written. */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "audit_verify.h"
#include "base/clock.h"
#include "base/error.h"
#include "flow/proof.h"

/* One table for both kinds: a script asks for `result` and needs no other column. */
static const struct output_column columns[] = {
        { "file", 24, false },        { "result", 8, false },     { "log", 18, false },
        { "size", 8, true },          { "signed_by", 28, false }, { "event_id", 36, false },
        { "type", 28, false },        { "subject", 16, false },   { "seq", 8, true },
        { "recorded_at", 27, false }, { "old_size", 8, true },    { "detail", 0, false },
};

/* What was found of one file. Its parts are filled in the order in which they are looked at: what stands
 * behind a problem was not reached, and is all zeros. */
struct finding {
        struct ev_proof proof;
        struct ev_leaf leaf;
        struct ev_checkpoint checkpoint, old_checkpoint;
        const struct ev_note_key *key;
        const char *problem; /* NULL: it holds */
};

static void verifier_done(struct verifier *verifier)
{
        assert(verifier);

        ev_digest_free(verifier->digest);
        ev_buffer_done(&verifier->text);
        ev_buffer_done(&verifier->leaf);
}

/* 0, and a problem if the note is not signed by one of the keys. */
static int open_note(struct verifier *verifier, struct ev_str note, struct finding *finding,
                     struct ev_checkpoint *checkpoint)
{
        const struct ev_note_key *key = NULL;
        enum audit_note found;
        int r = audit_open_note(&verifier->keys, note, &found, checkpoint, &key);

        assert(finding);

        if (r < 0)
                return ev_trace(r);
        if (found != AUDIT_NOTE_SIGNED)
                finding->problem = found == AUDIT_NOTE_FORGED
                                           ? "its checkpoint is forged: the signature is of "
                                             "another text"
                                           : "its checkpoint is signed by none of the keys that "
                                             "were given";
        finding->key = key;
        return 0;
}

/* The leaf is read before it is proven, and shown only after that: its form is not what makes it
 * true. What is no leaf of ours fails here with the name of the column. */
static int verify_leaf(struct verifier *verifier, struct finding *finding)
{
        const struct ev_proof *proof = &finding->proof;
        struct ev_merkle_hash hash;
        int r = ev_leaf_parse(&finding->leaf, proof->leaf);

        assert(!finding->problem);

        if (r == 0)
                r = ev_merkle_leaf(verifier->digest, proof->leaf.data, proof->leaf.size, &hash);
        if (r == 0)
                r = ev_merkle_verify_leaf(verifier->digest, &hash, proof->index,
                                          finding->checkpoint.size, &proof->hashes,
                                          &finding->checkpoint.root);
        if (r == EV_MERKLE_WRONG)
                finding->problem =
                        "the event is not in the tree of its checkpoint: event, place or "
                        "hashes were changed";
        return r < 0 ? ev_trace(r) : 0;
}

/* Both notes are of keys that the reader trusts; else somebody could bring an older checkpoint of
 * his own, to which the newer one fits. */
static int verify_growth(struct verifier *verifier, struct finding *finding)
{
        const struct ev_checkpoint *old = &finding->old_checkpoint, *new = &finding->checkpoint;
        int r = open_note(verifier, finding->proof.old_note, finding, &finding->old_checkpoint);

        assert(finding->proof.kind == EV_PROOF_CONSISTENCY);

        if (r < 0 || finding->problem)
                return ev_trace(r);
        if (strcmp(old->origin, new->origin) != 0) {
                finding->problem = "its checkpoints are of different logs";
                return 0;
        }
        if (old->size == 0 || old->size > new->size)
                r = EV_MERKLE_WRONG;
        else
                r = ev_merkle_verify_growth(verifier->digest, old->size, &old->root, new->size,
                                            &new->root, &finding->proof.hashes);
        if (r == EV_MERKLE_WRONG)
                finding->problem = "the newer tree does not begin with the older one";
        return r < 0 ? ev_trace(r) : 0;
}

/* The text is in the buffer. The newer checkpoint comes first, as it stands in both kinds: without a
 * signature under it nothing else is worth a look. */
static int verify_text(struct verifier *verifier, struct finding *finding)
{
        int r = ev_proof_parse(&finding->proof, ev_buffer_str(&verifier->text), &verifier->leaf);

        assert(finding);

        if (r == 0)
                r = open_note(verifier, finding->proof.note, finding, &finding->checkpoint);
        if (r < 0 || finding->problem)
                return ev_trace(r);
        return finding->proof.kind == EV_PROOF_INCLUSION
                       ? ev_trace(verify_leaf(verifier, finding))
                       : ev_trace(verify_growth(verifier, finding));
}

/* A key is shown by its name and the hash that tells keys of one name apart, as Go shows it. */
void verify_show_checkpoint(const struct ev_checkpoint *checkpoint, const struct ev_note_key *key,
                            struct verify_texts *texts, struct ev_str values[VERIFY_COLUMNS])
{
        assert(checkpoint && key);

        snprintf(texts->key, sizeof(texts->key), "%s+%08x", key->name, key->hash);
        values[VERIFY_LOG] = ev_str_of(checkpoint->origin);
        values[VERIFY_SIZE] = output_number((int64_t)checkpoint->size, texts->numbers[0]);
        values[VERIFY_SIGNED_BY] = ev_str_of(texts->key);
}

void verify_show_fact(const struct ev_feed_fact *fact, struct ev_str type,
                      struct verify_texts *texts, struct ev_str values[VERIFY_COLUMNS])
{
        assert(fact);

        texts->at[0] = '\0';
        ev_uuid_format(&fact->event_id, texts->id);
        if (ev_instant_is_valid(fact->recorded_at))
                ev_instant_format(fact->recorded_at, texts->at);
        values[VERIFY_EVENT_ID] = ev_str_of(texts->id);
        values[VERIFY_TYPE] = type;
        values[VERIFY_SUBJECT] = fact->subject;
        values[VERIFY_SEQ] = output_number(fact->seq, texts->numbers[1]);
        values[VERIFY_RECORDED_AT] = ev_str_of(texts->at);
}

/* What is not proven is not shown: of a proof that fails only the file's name and the reason are
 * known. */
static void show(struct verifier *verifier, const char *path, const struct finding *finding)
{
        bool holds = !finding->problem, is_event = finding->proof.kind == EV_PROOF_INCLUSION;
        struct ev_str values[VERIFY_COLUMNS] = { ev_str_of(path),
                                                 ev_str_of(holds ? "holds" : "fails") };
        struct verify_texts texts;

        assert(path);

        if (holds)
                verify_show_checkpoint(&finding->checkpoint, finding->key, &texts, values);
        if (holds && is_event)
                verify_show_fact(&finding->leaf.fact, finding->leaf.type, &texts, values);
        else if (holds)
                values[VERIFY_OLD_SIZE] =
                        output_number((int64_t)finding->old_checkpoint.size, texts.numbers[2]);
        values[VERIFY_DETAIL] = ev_str_of(finding->problem);
        output_row(&verifier->output, values, !holds);
}

static bool is_folder(const char *path)
{
        struct stat file;

        assert(path);

        return stat(path, &file) == 0 && S_ISDIR(file.st_mode);
}

/* One file. What is no proof does not hold; what cannot be read is a failure. */
static enum command_exit verify(struct verifier *verifier, const char *path)
{
        static struct finding finding; /* large */
        int r;

        assert(path);

        finding = (struct finding){ 0 };
        ev_buffer_clear(&verifier->text);
        r = ev_buffer_read_file(&verifier->text, path);
        if (r < 0)
                return command_fail();
        r = verify_text(verifier, &finding);
        if (r < 0 && ev_error_last()->verdict != EV_VERDICT_RECORD)
                return command_fail();
        if (r < 0)
                finding.problem = ev_error_last()->text;
        show(verifier, path, &finding);
        return finding.problem ? COMMAND_DIFFERENCES : COMMAND_DONE;
}

/* Every file is looked at, whatever came of those before it; the exit status is that of the worst. A script
 * that verifies one at a time gets an answer for each. */
enum command_exit audit_verify(const struct command_input *input)
{
        _cleanup_(verifier_done) struct verifier verifier = {
                .output = { .columns = columns,
                            .columns_count = EV_ARRAY_SIZE(columns),
                            .is_bare = true },
                .text = EV_BUFFER_INIT(EV_PROOF_BYTES_MAX),
                .leaf = EV_BUFFER_INIT(EV_LEAF_BYTES_MAX + 4),
        };
        enum command_exit exit, worst = COMMAND_DONE;

        assert(input->operands_count > 0);

        if (!output_format_of(input, &verifier.output.format))
                return COMMAND_USAGE;
        exit = audit_keys_of(input, &verifier.keys);
        if (exit != COMMAND_DONE)
                return exit;
        if (ev_digest_new(&verifier.digest) < 0)
                return command_fail();
        output_begin(&verifier.output, NULL, 0, NULL);
        for (size_t i = 0; i < input->operands_count; ++i) {
                exit = is_folder(input->operands[i]) ? verify_archive(&verifier, input->operands[i])
                                                     : verify(&verifier, input->operands[i]);
                /* What does not hold is worse than what was not read. */
                worst = exit > worst ? exit : worst;
        }
        return output_end(&verifier.output) ? worst : COMMAND_FAILED;
}
