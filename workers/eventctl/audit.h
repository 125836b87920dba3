#ifndef EVENTCTL_AUDIT_H
#define EVENTCTL_AUDIT_H

/* What the commands of "audit" share: keys, the rows of an outbox as leaves, stored seals. */

#include "command.h"
#include "flow/checkpoint.h"
#include "flow/leaf.h"
#include "flow/note.h"
#include "store/db.h"
#include "store/params.h"

enum {
        AUDIT_KEYS_MAX = 16,    /* a key a year, and some to spare */
        AUDIT_SEALS_PAGE = 500, /* seals that are read at one time */
        AUDIT_FULL_BYTES_MAX = EV_MERKLE_LEVELS * EV_DIGEST_BYTES, /* of a frontier */
};

/* Options of "audit" that several commands have, for the table of commands. */
extern const struct command_option audit_option_key, audit_option_checkpoint;

/* ---- Keys ---- */

/* Whoever's signature is taken: a log that has changed its key has checkpoints of both, and who verifies
 * them has to know both. Begins as all zeros. */
struct audit_keys {
        struct ev_note_key keys[AUDIT_KEYS_MAX];
        size_t count;
};

/* Reads a key, or a file with one a line. Fails (verdict: stop). */
int audit_keys_read(struct audit_keys *keys, const char *given) _must_check_;

/* Those of --key. COMMAND_USAGE, after a message, if there are none. */
enum command_exit audit_keys_of(const struct command_input *input, struct audit_keys *keys);

/* What a note comes to. One that says it is by a key of ours and is not is never passed over, also
 * where another signature under it is good. */
enum audit_note { AUDIT_NOTE_SIGNED, AUDIT_NOTE_OF_OTHERS, AUDIT_NOTE_FORGED };

/* Reads the checkpoint of a note that one of the keys has signed: 0, *ret_note AUDIT_NOTE_SIGNED, the
 * checkpoint and the key; or another *ret_note, and nothing else. Fails (verdict: record) on what is
 * no signed note or no checkpoint. */
int audit_open_note(const struct audit_keys *keys, struct ev_str note, enum audit_note *ret_note,
                    struct ev_checkpoint *ret_checkpoint,
                    const struct ev_note_key **ret_key) _must_check_;

/* What a note says, whoever has signed it. Fails (verdict: record) on what is no signed note or no
 * checkpoint. */
int audit_read_note(struct ev_str note, struct ev_checkpoint *ret_checkpoint) _must_check_;

/* "signed by none of the keys" and the like; for messages. */
const char *audit_note_text(enum audit_note note);

/* The origin of this database's checkpoints: "quenty/order_db", or "quenty/order_db/0-of-2". Fails if
 * `shard` of the configuration is wrong. */
int audit_origin(const struct ev_config *config, const char *database,
                 char origin[EV_CHECKPOINT_ORIGIN_MAX]) _must_check_;

/* ---- Sessions, rows ---- */

/* One command on one database. What is read is here; what it comes to is the command's own. The
 * fields are to be read by the commands and set by the functions below. */
struct audit {
        const struct command_input *input;
        const char *database;
        char origin[EV_CHECKPOINT_ORIGIN_MAX];
        struct ev_db *db;
        struct ev_digest *digest;
        struct ev_params params;
        struct ev_buffer scratch; /* the leaf that was read last */
        int stop_fd;
        /* Rows with after < seq ≤ until; set by audit_rows(). */
        int64_t after, until;
        struct ev_result *page; /* NULL: none is here */
        size_t row;
};

/* Checks the name of the database and connects. The caller ends it by audit_done(), also after a
 * failure, which was told. */
enum command_exit audit_begin(struct audit *audit, const struct command_input *input, bool changes);
void audit_done(struct audit *audit);

/* The number from which on the outbox has partitions; 1 where none was dropped. Fails as the database
 * does. */
int audit_lowest(struct audit *audit, int64_t *ret_seq) _must_check_;

/* From now on the rows behind `after`, up to `until`. */
void audit_rows(struct audit *audit, int64_t after, int64_t until);

/* The next row as a leaf: 0, its hash, its number, and its bytes in `scratch`; AUDIT_END behind the
 * last one; AUDIT_STOPPED when somebody wants the command to end. Fails as the database does, and
 * (verdict: record) for a row that is longer than a leaf may be. */
enum { AUDIT_END = 1, AUDIT_STOPPED = 2 };
int audit_next_row(struct audit *audit, struct ev_merkle_hash *ret_hash,
                   int64_t *ret_seq) _must_check_;

/* ---- Seals ---- */

/* A row of ev.seal as it stands there: nothing of it is believed before audit_check_seal() has held it
 * against its note. Slices are of the result that it was read from. */
struct audit_seal {
        int64_t size, previous_size, last_seq;
        struct ev_bytes root, frontier;
        struct ev_str note;
        bool is_published;
};

/* Of a row of the statements with these columns, as audit_seals.sql; slices are the result's. */
void audit_seal_of(const struct ev_result *rows, size_t row, struct audit_seal *ret_seal);

/* The newest seal, by size; 0, or AUDIT_END if there is none. *ret_row is the caller's, whatever comes
 * back, and *ret_seal is of it. */
int audit_last_seal(struct audit *audit, struct ev_result **ret_row,
                    struct audit_seal *ret_seal) _must_check_;

/* The first seal with all rows in front of a number, likewise; 0, or AUDIT_END if there is none. */
int audit_seal_behind(struct audit *audit, int64_t seq, struct ev_result **ret_row,
                      struct audit_seal *ret_seal) _must_check_;

/* Whether a seal is what one of the keys has signed, which says nothing about rows: note and columns say
 * the same, and the frontier comes to the root. 0 and the tree to go on with, and *ret_problem NULL; or
 * what is wrong. `keys` NULL: by whom it was signed is not asked, which is for those who hold what they
 * make of the tree against a checkpoint of their own. */
int audit_check_seal(struct audit *audit, const struct audit_seal *seal,
                     const struct audit_keys *keys, struct ev_merkle *ret_tree,
                     const char **ret_problem) _must_check_;

#endif
