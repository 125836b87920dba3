/* Blocks of ids.
 *
 * A sequence is not transactional: an id that was drawn is never given to anybody else, also when
 * the transaction that drew it is rolled back. So blocks outlive batches, and if the process dies,
 * the ids in hand are lost and leave a hole, which nothing minds. They do not outlive a connection:
 * behind a new one may be a standby that took over before it heard of the draw, and it will give
 * the same ids to somebody else. */

#include "store/ids.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "ev_sql.h"

#define SQLSTATE_SEQUENCE_LIMIT "2200H"

enum { PARAMS_BYTES_MAX = 1024 }; /* a name and a number */

/* What is left of the draws for a table. */
struct block {
        const struct ev_table *table;
        bool is_asked;     /* more are to come with the answers of this batch */
        size_t next, left; /* so many from there on, in rising order */
        int64_t ids[EV_IDS_AHEAD + EV_IDS_BLOCK];
};

struct ev_ids {
        struct ev_db *db;
        struct ev_params params;
        size_t block_count;
        struct block *blocks[EV_TABLES_MAX]; /* one for each table that was drawn for */
};

int ev_ids_new(struct ev_ids **ret_ids, struct ev_db *db)
{
        struct ev_ids *ids;

        assert(ret_ids);
        assert(db);

        ids = calloc(1, sizeof(*ids));
        if (!ids)
                return ev_fail_memory("ids");
        ids->db = db;
        ids->params = EV_PARAMS_INIT(PARAMS_BYTES_MAX);
        *ret_ids = ids;
        return 0;
}

struct ev_ids *ev_ids_free(struct ev_ids *ids)
{
        if (!ids)
                return NULL;
        for (size_t i = 0; i < ids->block_count; ++i)
                free(ids->blocks[i]);
        ev_params_done(&ids->params);
        free(ids);
        return NULL;
}

static int block_of(struct ev_ids *ids, const struct ev_table *table, struct block **ret_block)
{
        struct block *block;

        assert(table->drawn && table->sequence);

        for (size_t i = 0; i < ids->block_count; ++i)
                if (ids->blocks[i]->table == table) {
                        *ret_block = ids->blocks[i];
                        return 0;
                }
        assert(ids->block_count < EV_TABLES_MAX);

        block = calloc(1, sizeof(*block));
        if (!block)
                return ev_fail_memory("a block of ids");
        /* Empty: the first draw fills it. */
        block->table = table;
        ids->blocks[ids->block_count++] = block;
        *ret_block = block;
        return 0;
}

static struct ev_params *ask(struct ev_ids *ids, const struct block *block)
{
        assert(block->table->sequence);

        ev_params_begin(&ids->params, &ev_sql_draw_ids);
        ev_params_text(&ids->params, ev_str_of(block->table->sequence));
        ev_params_int4(&ids->params, EV_IDS_BLOCK);
        return &ids->params;
}

/* `r` is what asking came to. Of class 22, and yet not the record's fault, is a sequence at its
 * end: every record in turn would be blamed. */
static int take(struct block *block, int r, const struct ev_result *result)
{
        assert(block->left <= EV_IDS_AHEAD);

        if (r < 0 && strcmp(ev_error_last()->sqlstate, SQLSTATE_SEQUENCE_LIMIT) == 0)
                return ev_fail(EV_VERDICT_STOP, "the ids of %s are used up: %s gives no more",
                               block->table->name, block->table->sequence);
        if (r < 0)
                return ev_trace(r);
        assert(ev_result_rows(result) == EV_IDS_BLOCK);
        memmove(block->ids, &block->ids[block->next], block->left * sizeof(block->ids[0]));
        block->next = 0;
        for (size_t i = 0; i < EV_IDS_BLOCK; ++i)
                block->ids[block->left++] = ev_result_int8(result, i, 0);
        return 0;
}

/* Inside of the batch's transaction, which a draw does not care about. */
static int fill(struct ev_ids *ids, struct block *block)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(block->left == 0);

        r = ev_db_run(ids->db, &ev_sql_draw_ids, ask(ids, block), &result);
        return ev_trace(take(block, r, result));
}

/* In the middle of a batch, after its rows are known and before its facts are, a draw is one more
 * round trip; with the rows it is none. A batch that ended before its answers were read leaves
 * marks of what it has asked: they are set anew. */
int ev_ids_queue(struct ev_ids *ids)
{
        int r = 0;

        assert(ids);

        for (size_t i = 0; i < ids->block_count; ++i)
                ids->blocks[i]->is_asked = ids->blocks[i]->left < EV_IDS_AHEAD;
        for (size_t i = 0; r == 0 && i < ids->block_count; ++i)
                if (ids->blocks[i]->is_asked)
                        r = ev_db_queue(ids->db, &ev_sql_draw_ids, ask(ids, ids->blocks[i]));
        return ev_trace(r);
}

static int receive(struct ev_ids *ids, struct block *block)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r = ev_db_next(ids->db, &result);

        assert(r <= 0); /* it was asked for */

        return ev_trace(take(block, r, result));
}

int ev_ids_receive(struct ev_ids *ids)
{
        int r = 0;

        assert(ids);

        for (size_t i = 0; r == 0 && i < ids->block_count; ++i)
                if (ids->blocks[i]->is_asked)
                        r = receive(ids, ids->blocks[i]);
        return ev_trace(r);
}

static int draw(void *context, const struct ev_table *table, int64_t *ret_id)
{
        struct ev_ids *ids = context;
        struct block *block = NULL;
        int r;

        assert(ret_id);

        r = block_of(ids, table, &block);
        if (r < 0)
                return ev_trace(r);
        if (block->left == 0) {
                r = fill(ids, block);
                if (r < 0)
                        return ev_trace(r);
        }
        --block->left;
        *ret_id = block->ids[block->next++];
        return 0;
}

void ev_ids_forget(struct ev_ids *ids)
{
        assert(ids);

        for (size_t i = 0; i < ids->block_count; ++i)
                ids->blocks[i]->next = ids->blocks[i]->left = 0;
}

struct ev_id_source ev_ids_source(struct ev_ids *ids)
{
        assert(ids);

        return (struct ev_id_source){ draw, ids };
}
