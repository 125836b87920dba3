#ifndef EV_STORE_COLUMNS_H
#define EV_STORE_COLUMNS_H

/* What the modules of a worker's store share: rows of structs as arrays of a statement, and the
 * reading of answers that should hold no surprise. */

#include "base/arena.h"
#include "base/macro.h"
#include "store/session.h"

/* The next parameter is an array with one element for each row: `put` is evaluated with `i` from 0
 * to `count` - 1, and appends it. A macro, because `put` differs in the member that it reads and
 * in the type that it appends; both are still checked by the compiler. */
#define EV_COLUMN(params, count, put)                \
        do {                                         \
                ev_params_array(params);             \
                for (size_t i = 0; i < (count); ++i) \
                        put;                         \
                ev_params_array_end(params);         \
        } while (0)

/* A hash or a fingerprint. */
#define EV_BYTES_OF(array) ((struct ev_bytes){ (array), sizeof(array) })

/* For columns that are NOT NULL: nothing is empty there. The distinction between null and empty is
 * kept where the record itself has it (key and value of Kafka), and only there. */
static inline struct ev_bytes ev_given(struct ev_bytes bytes)
{
        return bytes.data ? bytes : (struct ev_bytes){ (const uint8_t *)"", 0 };
}

static inline struct ev_str ev_given_text(struct ev_str text)
{
        return text.data ? text : EV_STR("");
}

/* Reads the next result and drops it. Fails with STOP if not `count` rows were affected: then the
 * tables and this library do not agree about what stands there. */
int ev_session_expect(struct ev_session *session, size_t count, const char *what) _must_check_;

/* The place of a row in the arrays that were sent: `position` counts from 1, as ORDINALITY does. */
int ev_session_row(int64_t position, size_t count, size_t *ret_index) _must_check_;

/* Parameters of a statement that begins with group, topics, partitions and offsets: the primary key
 * of each record. */
struct ev_params *ev_session_begin_places(struct ev_session *session,
                                          const struct ev_statement *statement,
                                          const struct ev_place *places, size_t count);

/* Copies bytes to the arena; null stays null. */
int ev_session_keep(struct ev_arena *arena, struct ev_bytes bytes,
                    struct ev_bytes *ret_kept) _must_check_;

#endif
