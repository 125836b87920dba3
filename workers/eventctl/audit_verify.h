#ifndef EVENTCTL_AUDIT_VERIFY_H
#define EVENTCTL_AUDIT_VERIFY_H

/* What "audit verify" has in hand, for the kinds of things that it verifies. */

#include "audit.h"
#include "base/clock.h"
#include "output.h"

/* Columns of the result: one table for all kinds. */
enum {
        VERIFY_FILE,
        VERIFY_RESULT,
        VERIFY_LOG,
        VERIFY_SIZE,
        VERIFY_SIGNED_BY,
        VERIFY_EVENT_ID,
        VERIFY_TYPE,
        VERIFY_SUBJECT,
        VERIFY_SEQ,
        VERIFY_RECORDED_AT,
        VERIFY_OLD_SIZE,
        VERIFY_DETAIL,
        VERIFY_COLUMNS,
};

/* One for all operands, whose texts and leaves take turns in its buffers. */
struct verifier {
        struct audit_keys keys;
        struct output output;
        struct ev_digest *digest;
        struct ev_buffer text, leaf;
};

/* Texts of values, as long as the row is written. */
struct verify_texts {
        char key[EV_NOTE_NAME_MAX + 16], id[EV_UUID_TEXT_MAX], at[EV_INSTANT_TEXT_MAX];
        char numbers[3][OUTPUT_NUMBER_MAX];
};

/* Log, size and key of a checkpoint that was verified. */
void verify_show_checkpoint(const struct ev_checkpoint *checkpoint, const struct ev_note_key *key,
                            struct verify_texts *texts, struct ev_str values[VERIFY_COLUMNS]);

/* Id, type, subject, number and time of a fact. */
void verify_show_fact(const struct ev_feed_fact *fact, struct ev_str type,
                      struct verify_texts *texts, struct ev_str values[VERIFY_COLUMNS]);

/* An archive of "export", by the checkpoint in its manifest: every fact up to the last that is sealed is
 * what was sealed, and those that are not are named. Says itself what it found. */
enum command_exit verify_archive(struct verifier *verifier, const char *path);

#endif
