/* Dead letters.
 *
 * Guarantee. A record is stepped over and kept here in one transaction: if the process dies before
 * its COMMIT, the record comes again; after it, the relay sends the row, at least once. No record
 * is ever dropped with a log line only: what we cannot read, somebody else may have to. */

#include "store/deadletter.h"

#include <assert.h>

#include "base/error.h"
#include "ev_sql.h"
#include "store/columns.h"

/* The bytes are kept as they came, the key and value that could not be decoded included: a dead
 * letter can be put back on its topic when the fault is mended. Headers are never null, as a record
 * without any has the empty list. */
int ev_dead_letters_queue(struct ev_session *session, const struct ev_dead_letter *letters,
                          size_t count)
{
        struct ev_params *params = &session->params;

        assert(letters && count > 0);
        assert(!ev_str_is_null(letters[0].reason));

        ev_params_begin(params, &ev_sql_dead_letters_insert);
        ev_params_text(params, session->group);
        EV_COLUMN(params, count, ev_params_text(params, letters[i].record.place.topic));
        EV_COLUMN(params, count, ev_params_int4(params, letters[i].record.place.partition));
        EV_COLUMN(params, count, ev_params_int8(params, letters[i].record.place.offset));
        EV_COLUMN(params, count, ev_params_bytea(params, letters[i].record.key));
        EV_COLUMN(params, count, ev_params_bytea(params, ev_given(letters[i].record.headers)));
        EV_COLUMN(params, count, ev_params_bytea(params, letters[i].record.value));
        EV_COLUMN(params, count, ev_params_text(params, letters[i].reason));
        EV_COLUMN(params, count, ev_params_text(params, ev_given_text(letters[i].detail)));
        return ev_trace(ev_db_queue(session->db, &ev_sql_dead_letters_insert, params));
}

/* Read before COMMIT is believed: a letter that was not written would be a record that is gone. */
int ev_dead_letters_receive(struct ev_session *session, size_t count)
{
        assert(count > 0);

        return ev_trace(ev_session_expect(session, count, "dead letters"));
}
