#ifndef EV_STORE_TABLES_H
#define EV_STORE_TABLES_H

/* Between the working set and the database: the statements that load and save a worker's tables.
 *
 * What loads rows is written by hand, since it knows how the rows are found and in which order they
 * are locked (`sql/load_….sql`: sorted, and with a lock, unless another load's lock covers them);
 * what saves them is made from the table's description: one INSERT, one UPDATE and one DELETE over
 * arrays, whatever the number of rows. */

#include <stddef.h>

#include "store/db.h"
#include "store/rows.h"
#include "store/statement.h"

enum {
        EV_LOAD_LISTS_MAX = 4,                /* key lists of one load */
        EV_SAVE_BYTES_MAX = 64 * 1024 * 1024, /* parameters of one statement */
};

/* One loading statement: rows of `table` that are about the keys of some lists. Its parameters are
 * the lists, each a text[]; its columns are the table's, in their order. */
struct ev_load {
        const struct ev_table *table;         /* borrowed, as all pointers here: constants */
        const struct ev_statement *statement; /* ORDER BY a key … FOR NO KEY UPDATE, see above */
        const unsigned *lists; /* which of the worker's key lists, in the order of $1… */
        size_t list_count;
};

/* Whether the statement's parameters and columns fit: 0, or EV_FAILED (verdict: stop) naming the
 * first column that does not. For start-up. */
int ev_load_check(const struct ev_load *load) _must_check_;

/* Whether a statement is one that a timer asks: how many keys at most (int4), in; keys (text), out.
 */
bool ev_due_check(const struct ev_statement *statement);

/* Puts every row of a load's result into the working set. Texts are borrowed from the result, which
 * must live as long as the batch. */
int ev_load_receive(const struct ev_load *load, const struct ev_result *result,
                    struct ev_rows *rows) _must_check_;

/* The saving statements of a list of tables. */
struct ev_save;

/* The tables are borrowed for its life. The caller owns *ret_save (ev_save_free). */
int ev_save_new(struct ev_save **ret_save, const struct ev_table *const tables[],
                size_t count) _must_check_;
struct ev_save *ev_save_free(struct ev_save *save);
EV_DEFINE_CLEANUP(struct ev_save *, ev_save_free)

/* Its statements one by one, for who wants to see them before they run; NULL behind the last. */
const struct ev_statement *ev_save_statement(const struct ev_save *save, size_t index);

/* Queues what has to be written, table by table in the order given to ev_save_new(): in it, a row
 * stands behind those it refers to. Nothing is queued for a table without changes.
 * *ret_statements is the number of results to come, each of which ev_save_receive() checks. */
int ev_save_queue(struct ev_save *save, struct ev_db *db, const struct ev_rows *rows,
                  size_t *ret_statements) _must_check_;

/* Reads the results of ev_save_queue(). Fails (verdict: stop) when the database changed another
 * number of rows than were asked for: somebody wrote rows that this transaction had locked. */
int ev_save_receive(struct ev_save *save, struct ev_db *db) _must_check_;

#endif
