#ifndef EV_STORE_IDS_H
#define EV_STORE_IDS_H

/* Ids of new rows, drawn from their sequences in blocks, so that a fact can carry the id of a row
 * that does not exist yet and no INSERT needs RETURNING. */

#include "store/db.h"
#include "store/rows.h"

enum { EV_IDS_BLOCK = 1000 };

struct ev_ids;

/* Draws in this session (borrowed). The caller owns *ret_ids (ev_ids_free). */
int ev_ids_new(struct ev_ids **ret_ids, struct ev_db *db) _must_check_;
struct ev_ids *ev_ids_free(struct ev_ids *ids);
EV_DEFINE_CLEANUP(struct ev_ids *, ev_ids_free)

/* Forgets what is left of the blocks: after each connect, see ids.c. */
void ev_ids_forget(struct ev_ids *ids);

/* For ev_rows_new(). A draw from an empty block is a round trip of its own, once in EV_IDS_BLOCK
 * ids; nothing may be queued in the session then. */
struct ev_id_source ev_ids_source(struct ev_ids *ids);

#endif
