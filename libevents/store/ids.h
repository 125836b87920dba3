#ifndef EV_STORE_IDS_H
#define EV_STORE_IDS_H

/* Ids of new rows, drawn from their sequences in blocks, so that a fact can carry the id of a row
 * that does not exist yet and no INSERT needs RETURNING. */

#include "store/db.h"
#include "store/rows.h"

enum {
        EV_IDS_BLOCK = 2000, /* are drawn at once */
        /* A table has so many before a batch decides: more than nearly any batch takes. */
        EV_IDS_AHEAD = 2000,
};

struct ev_ids;

/* Draws in this session (borrowed). The caller owns *ret_ids (ev_ids_free). */
int ev_ids_new(struct ev_ids **ret_ids, struct ev_db *db) _must_check_;
struct ev_ids *ev_ids_free(struct ev_ids *ids);
EV_DEFINE_CLEANUP(struct ev_ids *, ev_ids_free)

/* Forgets what is left of the blocks: after each connect, see ids.c. */
void ev_ids_forget(struct ev_ids *ids);

/* Parts of a batch's first round trip: draw for the tables that have been drawn for before and have
 * fewer than EV_IDS_AHEAD left. Queued in a pipeline, received in the same order. */
int ev_ids_queue(struct ev_ids *ids) _must_check_;
int ev_ids_receive(struct ev_ids *ids) _must_check_;

/* For ev_rows_new(). A draw for a table that has none left is a round trip of its own: the first
 * for each table, and where a batch takes more than EV_IDS_AHEAD; nothing may be queued in the
 * session then. */
struct ev_id_source ev_ids_source(struct ev_ids *ids);

#endif
